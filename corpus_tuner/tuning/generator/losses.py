"""Loss of a generator, and ROUGE-L of the texts that it writes."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.tuning.generator.batches import IGNORED, Batch, Example, collate
from corpus_tuner.tuning.training import use_precision

_WORD = re.compile(r"\w+")


class Objective:
    """Loss and ROUGE-L of a model."""

    def __init__(self, model: Any, tokenizer: Any, settings: GeneratorTuningSettings) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._settings = settings
        self._start: int = model.config.decoder_start_token_id

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad examples to one length."""
        return collate(examples, self._tokenizer.pad_token_id, self._start)

    def compute_training_loss(self, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy of the target tokens, a scalar, with label smoothing."""
        smoothing = self._settings.label_smoothing
        logits = self._compute_logits(batch).flatten(0, 1)
        return cross_entropy(logits, batch.labels.flatten(), label_smoothing=smoothing)

    def measure_loss(self, examples: Sequence[Example]) -> dict[str, float]:
        """Return the mean loss (nats per token) by instruction."""
        self._model.eval()
        sums: dict[str, float] = defaultdict(float)
        tokens: dict[str, int] = defaultdict(int)
        for group, own in _group_examples(examples):
            for some in split_into_chunks(own, self._settings.batch_size):
                batch = self._make_batch([examples[position] for position in some])
                labels = batch.labels.flatten()
                with torch.inference_mode():
                    logits = self._compute_logits(batch).flatten(0, 1)
                    sums[group] += float(cross_entropy(logits, labels, reduction="sum"))
                tokens[group] += int((labels != IGNORED).sum())
        return {group: sums[group] / tokens[group] for group in sums}

    def measure_rouge(
        self, examples: Sequence[Example], texts: Sequence[str], most: int, beams: int = 1
    ) -> dict[str, float]:
        """Return ROUGE-L of generated texts by instruction.

        Parameters
        ----------
        examples, texts
            Examples, and their target texts.
        most
            Number of examples of every instruction.
        beams
            Beams of the search; 1 for greedy decoding.
        """
        values = {}
        for group, own in _group_examples(examples):
            own = sorted(own)[:most]
            generated = self._generate([examples[position] for position in own], beams)
            values[group] = compute_rouge_l([texts[position] for position in own], generated)
        return values

    def _generate(self, examples: Sequence[Example], beams: int) -> list[str]:
        self._model.eval()
        generated: list[str] = []
        for some in split_into_chunks(examples, self._settings.batch_size):
            batch = self._make_batch(some)
            with torch.inference_mode(), use_precision(self._model.device, self._settings.dtype):
                tokens = self._model.generate(
                    input_ids=batch.source,
                    attention_mask=batch.mask,
                    max_new_tokens=self._settings.max_target_tokens,
                    num_beams=beams,
                    do_sample=False,
                )
            generated += self._tokenizer.batch_decode(tokens[:, 1:], skip_special_tokens=True)
        return generated

    def _make_batch(self, examples: Sequence[Example]) -> Batch:
        batch = self.collate(examples)
        return Batch(*(tensor.to(self._model.device) for tensor in batch))

    def _compute_logits(self, batch: Batch) -> torch.Tensor:
        """Return float32 logits of shape (examples, target tokens, vocabulary)."""
        with use_precision(self._model.device, self._settings.dtype):
            out = self._model(
                input_ids=batch.source,
                attention_mask=batch.mask,
                decoder_input_ids=batch.inputs,
                use_cache=False,
            )
        logits: torch.Tensor = out.logits.float()
        return logits


class _Tokenizer:
    """Words without case and accents, which uncased models cannot write."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text."""
        bare = unicodedata.normalize("NFKD", text.casefold())
        return _WORD.findall("".join(char for char in bare if not unicodedata.combining(char)))


def compute_rouge_l(targets: Sequence[str], generated: Sequence[str]) -> float:
    """Return the mean ROUGE-L, the F-measure of longest common subsequences (Lin, 2004).

    Raises
    ------
    MissingExtraError
        If rouge-score is not installed.

    Examples
    --------
    >>> round(compute_rouge_l(["a b c d"], ["a c"]), 3)  # precision 2/2, recall 2/4
    0.667
    """
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise MissingExtraError("tuning a generator", "tune") from error
    scorer = RougeScorer(["rougeL"], tokenizer=_Tokenizer())
    scores = [
        scorer.score(target, text)["rougeL"].fmeasure
        for target, text in zip(targets, generated, strict=True)
    ]
    return sum(scores) / len(scores) if scores else 0.0


def _group_examples(examples: Sequence[Example]) -> list[tuple[str, list[int]]]:
    """Return positions by instruction, in the order of length."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, example in enumerate(examples):
        groups[example.group].append(position)
    return [
        (name, sorted(own, key=lambda position: (len(examples[position].source), position)))
        for name, own in sorted(groups.items())
    ]
