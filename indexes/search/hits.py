"""What was found: documents with their scores, and why they came up."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import SCORE_DECIMALS
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.pool import Found
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.vectors import Ordinals


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
        Score by the vectors, a cosine; ``None`` where they have no say.
    lexical
        Score by the words; ``None`` where they have no say.
    dense_rank, lexical_rank
        What the rank would be by one of them alone, as far as the index looked; ``None`` where it
        did not come so far, or has no such score.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     (hit,) = searcher.search("the old water mill", k=1)
    >>> hit.rank, hit.document.id, hit.lexical_rank
    (1, 'mill', 1)
    """

    document: Document
    rank: int
    score: float
    view: View
    dense: float | None
    lexical: float | None
    dense_rank: int | None = None
    lexical_rank: int | None = None


def hits_of(found: Found, plan: Plan) -> list[Hit]:
    """Fetch what was found, and tell why."""
    pool = found.pool.at(found.positions)
    fetched: dict[tuple[int, int], tuple[Document, View]] = {}
    for number in np.unique(pool.numbers).tolist():
        segment = pool.segments[number]
        ordinals = pool.ordinals[pool.numbers == number]
        best = segment.dense.best_views(pool.vector, ordinals).tolist()
        documents, views = segment.documents(ordinals.tolist()), segment.views_at(best)
        for ordinal, view in zip(ordinals.tolist(), best, strict=True):
            fetched[number, ordinal] = documents[ordinal], views[view]
    dense = lexical = [_Standing(None, None)] * len(found.ids)
    if plan.dense:
        dense = _standings(found.pool.dense.mixed(plan.views), found.positions, plan.pool)
    if plan.lexical:
        lexical = _standings(found.pool.lexical, found.positions, plan.pool)
    hits = []
    for rank, (score, address, by_vectors, by_words) in enumerate(
        zip(found.scores, pool.addresses(), dense, lexical, strict=True), start=1
    ):
        document, view = fetched[address]
        hits.append(
            Hit(
                document,
                rank,
                score,
                view,
                dense=by_vectors.score,
                lexical=by_words.score,
                dense_rank=by_vectors.rank,
                lexical_rank=by_words.rank,
            )
        )
    return hits


class _Standing(NamedTuple):
    """A document's score by one ranker, and what its rank would be by that one alone."""

    score: float | None
    rank: int | None


def _standings(
    scores: npt.NDArray[np.floating[Any]], positions: Ordinals, known: int
) -> list[_Standing]:
    """Return some of the scores and their ranks; those behind the first `known` are not known."""
    ranks = np.searchsorted(np.sort(-scores), -scores[positions], side="left") + 1
    own = scores[positions].round(SCORE_DECIMALS)
    return [
        _Standing(score, rank if rank <= known and score else None)
        for score, rank in zip(own.tolist(), ranks.tolist(), strict=True)
    ]
