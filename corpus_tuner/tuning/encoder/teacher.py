"""Teacher of an encoder: an index of the corpus that ranks documents for synthetic queries.

Its scores are distilled, and documents that it ranks high are hard negatives. Documents that score
almost as the relevant one, or higher, may be relevant, too, and are no negatives.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.tuning.encoder.synthetic_queries import SyntheticQuery

DEFAULT_TEMPERATURE = 0.77
"""Temperature of an index that was not calibrated: about that of calibrated ones."""
_DEPTH = 50  # documents among which negatives are drawn
_ROUNDS = 10  # of k-means


class Teaching(NamedTuple):
    """The teacher's ranking for a query.

    Attributes
    ----------
    relevant
        Ordinal of the query's document.
    negatives
        Ordinals and passages of hard negatives.
    scores
        Scores of documents, by ordinal.
    """

    relevant: int
    negatives: Sequence[tuple[int, str]]
    scores: Mapping[int, float]

    def get_scores(self, ordinals: Sequence[int]) -> list[float]:
        """Return the scores of documents; those that were not retrieved have the lowest."""
        lowest = min(self.scores.values())
        return [self.scores.get(ordinal, lowest) for ordinal in ordinals]


class Teacher:
    """Teacher of an encoder."""

    def __init__(
        self, searcher: Searcher, ordinals: Ordinals, settings: EncoderTuningSettings
    ) -> None:
        self._searcher = searcher
        self._ordinals = ordinals
        self._settings = settings
        self._chance = random.Random(settings.seed)
        self._plan = make_plan(searcher.manifest, searcher.representation, _DEPTH)

    @property
    def temperature(self) -> float:
        """Divisor of the scores in a softmax."""
        calibration = self._searcher.manifest.calibration
        return (calibration and calibration.temperature) or DEFAULT_TEMPERATURE

    def rank(self, queries: Sequence[tuple[int, SyntheticQuery]]) -> Iterator[Teaching | None]:
        """Yield the ranking for every query, given with the position of its document.

        It is ``None`` if the document is not retrieved, or there are too few negatives.
        """
        found = self._searcher.find_candidates([query.text for _, query in queries], _DEPTH)
        count = self._settings.negatives
        for (position, _), candidates in zip(queries, found, strict=True):
            ordinal = int(self._ordinals[position])
            scores = candidates.compute_scores(self._plan)
            (own,) = np.nonzero(candidates.documents == ordinal)
            if not len(own):
                yield None
                continue
            lower = scores <= float(scores[own[0]]) - self._settings.margin
            others = np.flatnonzero((candidates.documents != ordinal) & lower)
            hardest = others[np.argsort(-scores[others], kind="stable")][:_DEPTH].tolist()
            if len(hardest) < count:
                yield None
                continue
            drawn = sorted(self._chance.sample(range(len(hardest)), count))
            chosen = candidates.documents[np.array([hardest[number] for number in drawn], np.int64)]
            texts = [one.views[0].text for one in self._searcher.segments.read_stored(chosen)]
            yield Teaching(
                ordinal,
                list(zip(chosen.tolist(), texts, strict=True)),
                dict(zip(candidates.documents.tolist(), scores.tolist(), strict=True)),
            )


def cluster_topics(
    vectors: npt.NDArray[np.floating], size: int, seed: int
) -> Sequence[Sequence[int]]:
    """Return positions of documents by topic, clusters of k-means with `size` documents on average.

    A batch of one topic has harder in-batch negatives (topic-aware sampling: Hofstätter et al.,
    arXiv 2104.06967).
    """
    count = max(1, len(vectors) // size)
    rows = np.ascontiguousarray(vectors, np.float32)
    means = faiss.Kmeans(
        rows.shape[1], count, niter=_ROUNDS, seed=seed, spherical=True, min_points_per_centroid=1
    )
    means.train(rows)
    _, nearest = means.index.search(rows, 1)
    members = (np.flatnonzero(nearest[:, 0] == topic) for topic in range(count))
    return [positions.tolist() for positions in members if len(positions)]
