"""What was found: documents with their scores, and why they came up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corpus_tuner.indexes.representations import SCORE_DECIMALS
from corpus_tuner.indexes.search.blend import Brought
from corpus_tuner.indexes.search.pool import Found
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.vectors import Ordinals


class Standing(NamedTuple):
    """What one ranker makes of a hit.

    Attributes
    ----------
    score
        The ranker's own: a cosine, or BM25.
    rank
        What the hit's rank would be by this one alone, among the documents that were looked at;
        ``None`` where it shares no term with the query.
    part
        What this adds to the hit's score.
    """

    score: float
    rank: int | None
    part: float


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
    rankers
        What it owes to every ranker that has a say, by name.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     (hit,) = searcher.search("the old water mill", k=1)
    >>> hit.rank, hit.document.id, hit.rankers["words"].rank
    (1, 'mill', 1)
    """

    document: Document
    rank: int
    score: float
    view: View
    rankers: Mapping[str, Standing]


def hits_of(found: Found) -> list[Hit]:
    """Fetch what was found, and tell why."""
    pool = found.pool.at(found.positions)
    segments = pool.opened.segments
    documents = segments.documents(pool.ordinals)
    best = pool.opened.dense.best_views(pool.vector, pool.ordinals)
    views = segments.views_at(pool.ordinals, best)
    standings = {
        name: _standings(brought, found.positions) for name, brought in found.brought.items()
    }
    hits = []
    for position, (document, view, score) in enumerate(
        zip(documents, views, found.scores, strict=True)
    ):
        owed = {name: own[position] for name, own in standings.items()}
        hits.append(Hit(document, position + 1, score, view, owed))
    return hits


def _standings(brought: Brought, positions: Ordinals) -> list[Standing]:
    """Return what a ranker makes of some of the documents."""
    scores, parts = brought
    ranks = np.searchsorted(np.sort(-scores), -scores[positions], side="left") + 1
    return [
        Standing(score, rank if score else None, part)
        for score, rank, part in zip(
            scores[positions].round(SCORE_DECIMALS).tolist(),
            ranks.tolist(),
            parts[positions].round(SCORE_DECIMALS).tolist(),
            strict=True,
        )
    ]
