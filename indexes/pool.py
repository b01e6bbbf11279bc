"""The documents that may be found for a query, with all that their scores are made of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexes.dense import Near, Ordinals, first
from indexes.encoders import Vectors
from indexes.fusion import Mode, SearchSettings, fuse
from indexes.representations import SCORE_DECIMALS, Parts, Scores
from indexes.segment import Segment


class Pool(NamedTuple):
    """Documents for one query, each array of shape (documents,).

    Attributes
    ----------
    segments, ordinals
        Which of the searcher's segments a document is in, and its ordinal there.
    parts
        What the vectors bring; zeros in lexical mode.
    words
        What the words bring; zeros in dense mode.
    core
        Whether it is among those over which scores are scaled: the first `SearchSettings.pool` by
        either ranker. So what a document scores does not depend on how many are asked for.
    """

    segments: Ordinals
    ordinals: Ordinals
    parts: Parts
    words: Scores
    core: npt.NDArray[np.bool_]

    def scores(self, settings: SearchSettings, mode: Mode) -> npt.NDArray[np.float64]:
        """Return each document's score, rounded."""
        scores: npt.NDArray[np.floating[Any]] = self.words
        if mode != "lexical":
            scores = self.parts.mixed(settings.views_in(mode))
        if mode == "hybrid":
            scores = fuse(scores, self.words, settings.words, settings.fusion, self.core)
        return scores.astype(np.float64).round(SCORE_DECIMALS)

    def joined(self, other: "Pool") -> "Pool":
        """Return this pool and another one."""
        parts = (np.concatenate(pair) for pair in zip(self.parts, other.parts, strict=True))
        return Pool(
            np.concatenate([self.segments, other.segments]),
            np.concatenate([self.ordinals, other.ordinals]),
            Parts(*parts),
            np.concatenate([self.words, other.words]),
            np.concatenate([self.core, other.core]),
        )

    def at(self, places: Ordinals) -> "Pool":
        """Return some of the documents."""
        parts = Parts(*(part[places] for part in self.parts))
        return Pool(
            self.segments[places],
            self.ordinals[places],
            parts,
            self.words[places],
            self.core[places],
        )


def draw(
    segments: Sequence[Segment],
    query: str | None,
    vector: Vectors | None,
    near: Sequence[Near | None],
    size: int,
    core: int,
    weight: float,
    only: Sequence[Ordinals | None],
) -> Pool:
    """Return the documents that are among the first `size` by either ranker.

    Parameters
    ----------
    segments
        All of the index.
    query
        ``None`` leaves the words out.
    vector
        Of the query, shape (dimension,); ``None`` leaves the vectors out.
    near
        For each segment what its vectors put first.
    size
        How many documents of each ranker; those that tie with the last one are in, too.
    core
        How many of each, at most `size`, scores are scaled over.
    weight
        Of the views in the dense score.
    only
        For each segment the documents that may be found; ``None`` for all.
    """
    drawn = [
        _draw(number, segment, query, vector, its_near, size, its_only)
        for number, (segment, its_near, its_only) in enumerate(
            zip(segments, near, only, strict=True)
        )
    ]
    pool = drawn[0]
    for other in drawn[1:]:
        pool = pool.joined(other)
    # Each segment gave its first ones: of these, keep the first ones of all.
    dense = None if vector is None else pool.parts.mixed(weight)
    pool.core[:] = False
    pool.core[_leading(dense, pool.words, core)] = True
    return pool.at(_leading(dense, pool.words, size))


def _leading(dense: npt.NDArray[np.floating[Any]] | None, words: Scores, size: int) -> Ordinals:
    """Return which documents are among the first `size` by either ranker."""
    (sharing,) = np.nonzero(words)
    leading = sharing[first(words[sharing], size)]
    return leading if dense is None else np.union1d(leading, first(dense, size))


def _draw(
    number: int,
    segment: Segment,
    query: str | None,
    vector: Vectors | None,
    near: Near | None,
    size: int,
    only: Ordinals | None,
) -> Pool:
    documents = near.documents if near else np.zeros(0, np.int64)
    parts = near.parts if near else Parts(np.zeros(0, np.float32), np.zeros(0, np.float32))
    pool = _pool(number, documents, parts, np.zeros(len(documents), np.float32))
    if query is None or segment.lexical is None:
        return pool
    words = segment.lexical.scores(query)
    if only is not None:
        allowed = np.zeros(len(words), bool)
        allowed[only] = True
        words = np.where(allowed, words, 0)
    (sharing,) = np.nonzero(words)
    others = np.setdiff1d(sharing[first(words[sharing], size)], documents)
    if near and vector is not None:
        parts = segment.dense.parts(vector, others, near.seen)
    else:
        parts = Parts(np.zeros(len(others), np.float32), np.zeros(len(others), np.float32))
    pool = pool._replace(words=words[documents])
    return pool.joined(_pool(number, others, parts, words[others]))


def _pool(segment: int, ordinals: Ordinals, parts: Parts, words: Scores) -> Pool:
    core = np.ones(len(ordinals), bool)
    return Pool(np.full(len(ordinals), segment), ordinals, parts, words, core)
