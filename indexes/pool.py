"""The documents that may be found for a query, with all that their scores are made of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexes.dense import Ordinals
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
    """

    segments: Ordinals
    ordinals: Ordinals
    parts: Parts
    words: Scores

    def scores(self, settings: SearchSettings, mode: Mode) -> npt.NDArray[np.float64]:
        """Return each document's score, rounded."""
        scores: npt.NDArray[np.floating[Any]] = self.words
        if mode != "lexical":
            scores = self.parts.mixed(settings.views_in(mode))
        if mode == "hybrid":
            scores = fuse(scores, self.words, settings.words, settings.fusion)
        return scores.astype(np.float64).round(SCORE_DECIMALS)

    def at(self, places: Ordinals) -> "Pool":
        """Return some of the documents."""
        parts = Parts(*(part[places] for part in self.parts))
        return Pool(self.segments[places], self.ordinals[places], parts, self.words[places])


def first(scores: npt.NDArray[Any], count: int) -> Ordinals:
    """Return where the greatest `count` scores are, and all that equal the last of them."""
    if len(scores) <= count:
        return np.arange(len(scores))
    least = np.partition(scores, -count)[-count]
    return np.flatnonzero(scores >= least)


def draw(
    segments: Sequence[Segment],
    query: str | None,
    vector: Vectors | None,
    near: Sequence[Ordinals],
    size: int,
    weight: float,
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
        For each segment the documents that its vectors put first.
    size
        How many documents of each ranker; those that tie with the last one are in, too.
    weight
        Of the views in the dense score.
    """
    drawn = [
        _draw(number, segment, query, vector, its_near, size)
        for number, (segment, its_near) in enumerate(zip(segments, near, strict=True))
    ]
    numbers, ordinals, parts, words = zip(*drawn, strict=True)
    mixed = Parts(*map(np.concatenate, zip(*parts, strict=True)))
    pool = Pool(np.concatenate(numbers), np.concatenate(ordinals), mixed, np.concatenate(words))
    # Each segment gave its first ones: of these, keep the first ones of all.
    (kept,) = np.nonzero(pool.words)
    kept = kept[first(pool.words[kept], size)]
    if vector is not None:
        kept = np.union1d(kept, first(mixed.mixed(weight), size))
    return pool.at(kept)


def _draw(
    number: int,
    segment: Segment,
    query: str | None,
    vector: Vectors | None,
    near: Ordinals,
    size: int,
) -> Pool:
    if query is None or segment.lexical is None:
        chosen, words = near, np.zeros(len(near), np.float32)
    else:
        all_words = segment.lexical.scores(query)
        (sharing,) = np.nonzero(all_words)
        chosen = np.union1d(near, sharing[first(all_words[sharing], size)])
        words = all_words[chosen]
    if vector is None:
        parts = Parts(np.zeros(len(chosen), np.float32), np.zeros(len(chosen), np.float32))
    else:
        parts = segment.dense.parts(vector, chosen)
    return Pool(np.full(len(chosen), number), chosen, parts, words)
