"""Collapsing: near-duplicates are one hit.

A candidate whose text is nearly that of a better one is folded into it. Signatures that the index
stores are compared at query time, so that filters and deletions need nothing else, and every
document can be found.
"""

from dataclasses import replace

import numpy as np

from corpus_tuner.indexes.search.candidates import Candidates, Ranking
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.text.near_duplicates import find_near_duplicates

MAX_SIMILAR = 100
"""Maximum number of near-duplicates that are listed with a hit."""


def rank_distinct(candidates: Candidates, plan: Plan) -> Ranking:
    """Return the best `plan.k` documents, none of which is a near-duplicate of a better one.

    There are fewer if the candidates have no more. The near-duplicates of a document, among all
    candidates, are listed with it in the order of the ranking, at most `MAX_SIMILAR`.
    """
    ranking = candidates.rank(plan)
    signatures = candidates.index.read_signatures(candidates.documents)
    near = find_near_duplicates(signatures[ranking.positions], signatures)
    if np.count_nonzero(near) == len(ranking.ids):  # each of itself
        return ranking
    ranking = candidates.rank(replace(plan, k=len(candidates.documents)))
    ranked = signatures[ranking.positions]
    remaining = np.arange(len(ranked))
    chosen: list[int] = []
    similar: list[tuple[str, ...]] = []
    while len(remaining) and len(chosen) < plan.k:
        (near,) = find_near_duplicates(ranked[remaining[:1]], ranked[remaining])
        best, *others = remaining[near].tolist()
        chosen.append(best)
        similar.append(tuple(ranking.ids[one] for one in others[:MAX_SIMILAR]))
        remaining = remaining[~near]
    probabilities = ranking.probabilities
    return ranking._replace(
        ids=[ranking.ids[one] for one in chosen],
        scores=[ranking.scores[one] for one in chosen],
        positions=ranking.positions[chosen],
        probabilities=probabilities and [probabilities[one] for one in chosen],
        similar=similar,
    )
