"""What a generator learns, and how well it has: losses, and what it writes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.tuning.generator.batches import IGNORED, Batch, Example, collate
from corpus_tuner.tuning.generator.rouge import rouge_l
from corpus_tuner.tuning.precision import arithmetic


class Objective:
    """The loss of a model, and what it writes.

    Parameters
    ----------
    model, tokenizer
        Of transformers, an encoder-decoder.
    settings
        How it is tuned.
    """

    def __init__(self, model: Any, tokenizer: Any, settings: GeneratorTuningSettings) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._settings = settings
        self._start: int = model.config.decoder_start_token_id

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad examples to one length."""
        return collate(examples, self._tokenizer.pad_token_id, self._start)

    def training_loss(self, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy of the target tokens, a scalar, with label smoothing."""
        smoothing = self._settings.label_smoothing
        logits = self._logits(batch).flatten(0, 1)
        return cross_entropy(logits, batch.labels.flatten(), label_smoothing=smoothing)

    def loss(self, examples: Sequence[Example]) -> dict[str, float]:
        """Return the mean loss (nats a token) by instruction."""
        self._model.eval()
        sums: dict[str, float] = defaultdict(float)
        tokens: dict[str, int] = defaultdict(int)
        for group, own in _grouped(examples):
            for some in _chunks(own, self._settings.batch_size):
                batch = self._batch([examples[position] for position in some])
                with torch.inference_mode():
                    logits, wanted = self._logits(batch).flatten(0, 1), batch.labels.flatten()
                    lost = cross_entropy(logits, wanted, reduction="sum")
                sums[group] += float(lost)
                tokens[group] += int((wanted != IGNORED).sum())
        return {group: sums[group] / tokens[group] for group in sums}

    def rouge(
        self, examples: Sequence[Example], texts: Sequence[str], most: int, beams: int = 1
    ) -> dict[str, float]:
        """Write what is asked and compare it with the targets; ROUGE-L by instruction."""
        found = {}
        for group, own in _grouped(examples):
            own = sorted(own)[:most]
            written = self.write([examples[position] for position in own], beams)
            found[group] = rouge_l([texts[position] for position in own], written)
        return found

    def write(self, examples: Sequence[Example], beams: int = 1) -> list[str]:
        """Return what the model writes, by beam search or, with one beam, its likeliest words."""
        self._model.eval()
        written: list[str] = []
        for some in _chunks(examples, self._settings.batch_size):
            batch = self._batch(some)
            with torch.inference_mode(), arithmetic(self._model.device, self._settings.dtype):
                tokens = self._model.generate(
                    input_ids=batch.source,
                    attention_mask=batch.mask,
                    max_new_tokens=self._settings.max_target_tokens,
                    num_beams=beams,
                    do_sample=False,
                )
            written += self._tokenizer.batch_decode(tokens[:, 1:], skip_special_tokens=True)
        return written

    def _batch(self, examples: Sequence[Example]) -> Batch:
        batch = self.collate(examples)
        return Batch(*(tensor.to(self._model.device) for tensor in batch))

    def _logits(self, batch: Batch) -> torch.Tensor:
        """Return float32 logits of shape (examples, target tokens, vocabulary)."""
        with arithmetic(self._model.device, self._settings.dtype):
            out = self._model(
                input_ids=batch.source,
                attention_mask=batch.mask,
                decoder_input_ids=batch.inputs,
                use_cache=False,
            )
        logits: torch.Tensor = out.logits.float()
        return logits


def _grouped(examples: Sequence[Example]) -> list[tuple[str, list[int]]]:
    """Return positions by instruction, those of like length together."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, example in enumerate(examples):
        groups[example.group].append(position)
    return [
        (name, sorted(own, key=lambda position: (len(examples[position].source), position)))
        for name, own in sorted(groups.items())
    ]


def _chunks(items: Sequence[Any], size: int) -> Iterator[Any]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
