"""The documents that may be found for a query, with all that their scores are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.representations import SCORE_DECIMALS, Parts, Scores
from corpus_tuner.indexes.search.fusion import fuse
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.segment import Segment
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.scoring import Near, first


class Found(NamedTuple):
    """The best documents for a query, best first.

    Attributes
    ----------
    ids, scores
        Of these.
    positions
        Where they are in the pool.
    pool
        All that were looked at.
    """

    ids: list[str]
    scores: list[float]
    positions: Ordinals
    pool: "Pool"


@dataclass(frozen=True, slots=True)
class Pool:
    """Documents for one query, in arrays of shape (documents,).

    Attributes
    ----------
    vector
        Of the query, shape (dimension,); ``None`` where vectors have no say.
    segments
        All of the index.
    numbers, ordinals
        Which of the segments a document is in, and its ordinal there.
    dense
        What the vectors bring; zeros where they have no say.
    lexical
        What the words bring; zeros where they have no say.
    core
        Whether it is among those over which scores are scaled: the first `Plan.pool` by either
        ranker. So what a document scores does not depend on how many are asked for.
    """

    vector: Vectors | None
    segments: Sequence[Segment]
    numbers: Ordinals
    ordinals: Ordinals
    dense: Parts
    lexical: Scores
    core: npt.NDArray[np.bool_]

    def scores(self, plan: Plan) -> Scores:
        """Return every document's score, float64, rounded to `SCORE_DECIMALS`."""
        scores = self.lexical if not plan.dense else self.dense.mixed(plan.views)
        if plan.hybrid:
            scores = fuse(scores, self.lexical, plan.words, plan.fusion, self.core)
        return scores.round(SCORE_DECIMALS)

    def best(self, plan: Plan) -> Found:
        """Return the best `plan.k` documents; among equal scores the smaller id leads."""
        scores = self.scores(plan)
        leading = first(scores, plan.k)  # and all that tie with the last of them
        ids = self.at(leading).ids()
        by_score = zip((-scores[leading]).tolist(), ids, range(len(ids)), strict=True)
        order = [number for *_, number in sorted(by_score)[: plan.k]]
        positions = leading[order]
        return Found([ids[number] for number in order], scores[positions].tolist(), positions, self)

    def ids(self) -> list[str]:
        """Return the ids of the documents."""
        known = [
            segment.ids(self.ordinals[self.numbers == number].tolist())
            for number, segment in enumerate(self.segments)
        ]
        return [known[number][ordinal] for number, ordinal in self.addresses()]

    def addresses(self) -> list[tuple[int, int]]:
        """Return every document's segment and its ordinal there."""
        return list(zip(self.numbers.tolist(), self.ordinals.tolist(), strict=True))

    def joined(self, other: "Pool") -> "Pool":
        """Return this pool and another one of the same query."""
        return Pool(
            self.vector,
            self.segments,
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.ordinals, other.ordinals]),
            Parts(*(np.concatenate(pair) for pair in zip(self.dense, other.dense, strict=True))),
            np.concatenate([self.lexical, other.lexical]),
            np.concatenate([self.core, other.core]),
        )

    def at(self, positions: Ordinals) -> "Pool":
        """Return some of the documents."""
        return Pool(
            self.vector,
            self.segments,
            self.numbers[positions],
            self.ordinals[positions],
            Parts(*(part[positions] for part in self.dense)),
            self.lexical[positions],
            self.core[positions],
        )


def draw(
    segments: Sequence[Segment],
    plan: Plan,
    vector: Vectors | None,
    near: Sequence[Near] | None,
    lexical: Sequence[Scores] | None,
) -> Pool:
    """Return the documents that are among the first `plan.size` by either ranker.

    Parameters
    ----------
    segments
        All of the index.
    plan
        How the query is searched.
    vector
        Of the query, shape (dimension,); ``None`` where vectors have no say.
    near
        For every segment what its vectors put first; ``None`` where they have no say.
    lexical
        For every segment its documents' lexical scores, 0 for those that may not be found; ``None``
        where words have no say.
    """
    drawn = [
        _draw(
            segments,
            number,
            plan,
            vector,
            near[number] if near else None,
            lexical[number] if lexical else None,
        )
        for number in range(len(segments))
    ]
    pool = drawn[0]
    for other in drawn[1:]:
        pool = pool.joined(other)
    # Every segment gave its first ones: of these, keep the first ones of all.
    dense = pool.dense.mixed(plan.views) if near else None
    pool.core[:] = False
    pool.core[_leading(dense, pool.lexical, plan.pool)] = True
    return pool.at(_leading(dense, pool.lexical, plan.size))


def _leading(dense: npt.NDArray[Any] | None, lexical: Scores, size: int) -> Ordinals:
    """Return which documents are among the first `size` by either ranker."""
    (sharing,) = np.nonzero(lexical)
    leading = sharing[first(lexical[sharing], size)]
    return leading if dense is None else np.union1d(leading, first(dense, size))


def _draw(
    segments: Sequence[Segment],
    number: int,
    plan: Plan,
    vector: Vectors | None,
    near: Near | None,
    lexical: Scores | None,
) -> Pool:
    """Return the first documents of one segment."""

    def pool(ordinals: Ordinals, dense: Parts) -> Pool:
        count = len(ordinals)
        words = np.zeros(count) if lexical is None else lexical[ordinals]
        numbers = np.full(count, number)
        return Pool(vector, segments, numbers, ordinals, dense, words, np.ones(count, bool))

    found = pool(near.documents, near.parts) if near else pool(np.zeros(0, np.int64), Parts.zeros())
    if lexical is None:
        return found
    (sharing,) = np.nonzero(lexical)
    others = np.setdiff1d(sharing[first(lexical[sharing], plan.size)], found.ordinals)
    if near is None or vector is None:
        return found.joined(pool(others, Parts.zeros(len(others))))
    return found.joined(pool(others, segments[number].dense.parts(vector, others, near.seen)))
