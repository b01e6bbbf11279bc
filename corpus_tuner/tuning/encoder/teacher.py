"""The teacher: an index of the corpus, which finds more than the encoder alone.

It tells how documents rank for a question, and can name some that are found and do not answer it.
Those that score almost as the one asked for, or more, may answer, too, and are no negatives.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.tuning.encoder.synthetic_queries import Question

TEMPERATURE = 0.77
"""Temperature of an index that was not calibrated: about that of calibrated ones."""
_FOUND = 50  # documents among which negatives are drawn


class Lesson(NamedTuple):
    """What the index says of a question.

    Attributes
    ----------
    asked_for
        The ordinal of the document that it asks for.
    negatives
        Passages that are found and do not answer, with the ordinals of their documents.
    scores
        Of documents, by their ordinals.
    """

    asked_for: int
    negatives: Sequence[tuple[int, str]]
    scores: Mapping[int, float]

    def of(self, ordinals: Sequence[int]) -> list[float]:
        """Return the scores of any documents; those that were not found have the lowest."""
        lowest = min(self.scores.values())
        return [self.scores.get(ordinal, lowest) for ordinal in ordinals]


class Teacher:
    """Finds negatives, and scores.

    Parameters
    ----------
    searcher
        The index.
    ordinals
        Of the documents asked for, by position.
    settings
        How many negatives, and by how much they must differ.
    """

    def __init__(
        self, searcher: Searcher, ordinals: Ordinals, settings: EncoderTuningSettings
    ) -> None:
        self._searcher = searcher
        self._ordinals = ordinals
        self._settings = settings
        self._chance = random.Random(settings.seed)
        self._plan = make_plan(searcher.manifest, searcher.representation, _FOUND)

    @property
    def temperature(self) -> float:
        """Divisor of the scores in a softmax."""
        calibration = self._searcher.manifest.calibration
        return (calibration and calibration.temperature) or TEMPERATURE

    def __call__(self, asked: Sequence[tuple[int, Question]]) -> Iterator[Lesson | None]:
        """Yield what the index says of questions.

        ``None`` stands for a question that the index does not answer, or that has too few others.
        """
        pools = self._searcher.pools([question.text for _, question in asked], _FOUND)
        for (position, _), pool in zip(asked, pools, strict=True):
            ordinal = int(self._ordinals[position])
            scores = pool.ranked(self._plan)
            (own,) = np.nonzero(pool.ordinals == ordinal)
            if not len(own):
                yield None
                continue
            score = float(scores[own[0]])
            others = np.flatnonzero(
                (pool.ordinals != ordinal) & (scores <= score - self._settings.margin)
            )
            near = others[np.argsort(-scores[others], kind="stable")][:_FOUND].tolist()
            if len(near) < self._settings.negatives:
                yield None
                continue
            drawn = sorted(self._chance.sample(range(len(near)), self._settings.negatives))
            chosen = np.array([near[number] for number in drawn], np.int64)
            windows = self._searcher.segments.passages(pool.ordinals[chosen])
            texts = [next(iter(texts.values())) for texts in windows]
            found = pool.ordinals.tolist()
            yield Lesson(
                ordinal,
                list(zip(pool.ordinals[chosen].tolist(), texts, strict=True)),
                dict(zip(found, scores.tolist(), strict=True)),
            )
