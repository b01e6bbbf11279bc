"""Batches of pairs as tokens, mixed over the instructions and of similar length."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.tuning.generator.pairs import Pair

IGNORED = -100
"""Label of padding, which the loss ignores."""

_AT_ONCE = 1024  # pairs tokenized together
_WINDOW = 32  # batches whose pairs are sorted by length together

Tokens = npt.NDArray[np.int32]


class Example(NamedTuple):
    """A pair as tokens.

    Attributes
    ----------
    group
        Name of the instruction, such as ``question-en``.
    source
        Input of the model.
    target
        Output of the model, with the end mark.
    """

    group: str
    source: Tokens
    target: Tokens


class Batch(NamedTuple):
    """Examples as tensors of shape (examples, tokens), int64."""

    source: torch.Tensor
    mask: torch.Tensor
    inputs: torch.Tensor
    labels: torch.Tensor


def tokenize(
    pairs: Sequence[Pair], tokenizer: Any, settings: GeneratorTuningSettings
) -> list[Example]:
    """Tokenize pairs, cut to the lengths of the settings."""
    examples: list[Example] = []
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        sources = tokenizer(
            [pair.instruction.prompt(pair.document) for pair in some],
            truncation=True,
            max_length=settings.max_source_tokens,
        )["input_ids"]
        targets = tokenizer(
            text_target=[pair.target for pair in some],
            truncation=True,
            max_length=settings.max_target_tokens,
        )["input_ids"]
        for pair, source, target in zip(some, sources, targets, strict=True):
            group = f"{pair.instruction.kind}-{pair.instruction.language}"
            examples.append(
                Example(group, np.array(source, dtype=np.int32), np.array(target, dtype=np.int32))
            )
    return examples


def make_epoch(
    examples: Sequence[Example], settings: GeneratorTuningSettings, number: int
) -> list[list[int]]:
    """Return the batches of an epoch, as positions in `examples`.

    Pairs of instructions are repeated or sampled by the setting `balance`. The order depends on the
    seed and the number of the epoch only, so that training can be resumed.
    """
    chance = np.random.default_rng((settings.seed, number))
    groups: dict[str, list[int]] = defaultdict(list)
    for position, example in enumerate(examples):
        groups[example.group].append(position)
    weights = {name: len(own) ** settings.balance for name, own in groups.items()}
    whole = sum(weights.values())
    sampled: list[int] = []
    for name, own in sorted(groups.items()):
        target = max(1, round(len(examples) * weights[name] / whole))
        rounds = -(-target // len(own))
        shuffled = np.concatenate([chance.permutation(own) for _ in range(rounds)])
        sampled += shuffled[:target].tolist()
    order = chance.permutation(np.array(sampled)).tolist()
    size = settings.batch_size
    batches: list[list[int]] = []
    for start in range(0, len(order), size * _WINDOW):
        window = sorted(
            order[start : start + size * _WINDOW],
            key=lambda position: (
                len(examples[position].target),
                len(examples[position].source),
                position,
            ),
        )
        alike = [window[first : first + size] for first in range(0, len(window), size)]
        batches += [alike[position] for position in chance.permutation(len(alike))]
    return batches


def collate(examples: Iterable[Example], pad: int, start: int) -> Batch:
    """Pad examples to one length; `start` is the first token of the decoder."""
    own = list(examples)
    source = _pad([example.source for example in own], pad)
    target = _pad([example.target for example in own], pad)
    labels = _pad([example.target for example in own], IGNORED)
    mask = _pad([np.ones(len(example.source), dtype=np.int32) for example in own], 0)
    inputs = torch.cat([torch.full((len(own), 1), start), target[:, :-1]], dim=1)
    return Batch(source, mask, inputs, labels)


def _pad(rows: Sequence[Tokens], value: int) -> torch.Tensor:
    padded = np.full((len(rows), max(map(len, rows))), value, dtype=np.int64)
    for row, tokens in zip(padded, rows, strict=True):
        row[: len(tokens)] = tokens
    return torch.from_numpy(padded)
