"""What was found: documents with their scores, and why each came up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexes.documents import Document, View
from indexes.encoders import Vectors
from indexes.fusion import Mode, SearchSettings
from indexes.pool import Pool
from indexes.representations import SCORE_DECIMALS
from indexes.segment import Segment


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found.

    Attributes
    ----------
    document
        What was found.
    rank
        From 1.
    score
        What it is ranked by; among equal scores the smaller document id leads. Scores of different
        modes, or of different queries in hybrid mode, do not compare.
    view
        The view that is nearest to the query; in lexical mode the passage.
    dense
        Score by the vectors, a cosine; ``None`` in lexical mode.
    words
        Score by the words; ``None`` in dense mode.
    dense_rank, words_rank
        What the rank would be by one of them alone, as far as the index looked; ``None`` where it
        did not come so far, or has no such score.
    """

    document: Document
    rank: int
    score: float
    view: View
    dense: float | None
    words: float | None
    dense_rank: int | None = None
    words_rank: int | None = None


class Found(NamedTuple):
    """The best documents for a query, best first.

    Attributes
    ----------
    ids, scores
        Of these.
    places
        Where they are in the pool.
    pool
        All that were looked at.
    vector
        Of the query; ``None`` in lexical mode.
    """

    ids: list[str]
    scores: list[float]
    places: list[int]
    pool: Pool
    vector: Vectors | None


def hits_of(
    segments: Sequence[Segment], found: Found, mode: Mode, settings: SearchSettings
) -> list[Hit]:
    """Fetch what was found, and tell why."""
    pool = found.pool.at(np.array(found.places, np.int64))
    told: dict[tuple[int, int], tuple[Document, View]] = {}
    for number in np.unique(pool.segments).tolist():
        ordinals = pool.ordinals[pool.segments == number]
        best = segments[number].dense.best_views(found.vector, ordinals).tolist()
        documents = segments[number].documents(ordinals.tolist())
        views = segments[number].views_at(best)
        for ordinal, view in zip(ordinals.tolist(), best, strict=True):
            told[number, ordinal] = documents[ordinal], views[view]
    places = list(zip(pool.segments.tolist(), pool.ordinals.tolist(), strict=True))
    by_vectors = by_words = [_Standing(None, None)] * len(places)
    if mode != "lexical":
        dense = found.pool.parts.mixed(settings.views_in(mode))
        by_vectors = _standings(dense, found.places, settings.pool)
    if mode != "dense":
        by_words = _standings(found.pool.words, found.places, settings.pool)
    rows = zip(found.scores, places, by_vectors, by_words, strict=True)
    return [
        Hit(
            document=told[place][0],
            rank=rank,
            score=score,
            view=told[place][1],
            dense=vectors.score,
            words=words.score,
            dense_rank=vectors.rank,
            words_rank=words.rank,
        )
        for rank, (score, place, vectors, words) in enumerate(rows, start=1)
    ]


class _Standing(NamedTuple):
    """A document's score by one ranker, and what its rank would be by that one alone."""

    score: float | None
    rank: int | None


def _standings(
    scores: npt.NDArray[np.floating[Any]], places: Sequence[int], known: int
) -> list[_Standing]:
    """Return some of the scores and their ranks; those behind the first `known` are not known."""
    ranks = np.searchsorted(np.sort(-scores), -scores[places], side="left") + 1
    own = scores[places].astype(np.float64).round(SCORE_DECIMALS)
    return [
        _Standing(score, rank if rank <= known and score else None)
        for score, rank in zip(own.tolist(), ranks.tolist(), strict=True)
    ]
