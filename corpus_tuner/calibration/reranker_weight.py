"""Weight of a reranker: chosen on pseudo-queries, and 0 if it does not improve the ranking.

The reranker and the weighted sum of all other rankers get a coefficient each by maximum likelihood.
As for other rankers, the mean of this share and of a default share is used. The gain is measured on
documents that are held out from this choice (cross-validation).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from corpus_tuner.calibration.likelihood import Array, ScoredQuery, Softmax, compute_ndcg
from corpus_tuner.calibration.pseudo_queries import QUERIES_PER_SENTENCE
from corpus_tuner.core.progress import track
from corpus_tuner.indexes.search.fusion import sum_contributions
from corpus_tuner.indexes.store.search_settings import RERANKER, RerankerTrial, SearchSettings

MOST_QUERIES = 200
"""Number of pseudo-queries that are reranked; each takes as long as a search with the reranker."""
FOLDS = 5
"""Number of groups of documents, of which each is held out once."""
DEFAULT_SHARE = 0.5
"""Default share of the reranker in the weights."""


def choose_reranker_weight(
    queries: Sequence[ScoredQuery], weights: Mapping[str, float], settings: SearchSettings
) -> tuple[float, RerankerTrial]:
    """Return the weight of a reranker, and what it gains.

    Parameters
    ----------
    queries
        Pseudo-queries, two of every document, one after the other.
    weights
        Weights of the other rankers.
    settings
        Settings of the search, with a reranker.

    Returns
    -------
    weight, trial
        The weight is a multiple of the sum of the other weights, and 0 if the gain is not greater
        than its standard error.
    """
    weights = {name: weight for name, weight in weights.items() if weight}
    total = sum(weights.values())
    features = []
    for candidates, _ in track(
        queries, "calibrating, reranking", lambda: len(queries), unit="queries"
    ):
        parts = candidates.fuse({**weights, RERANKER: 1.0}, settings.fusion)
        reranker = parts.pop(RERANKER).weighted
        features.append(np.stack([sum_contributions(parts) / total, reranker], axis=1))
    targets = [target for _, target in queries]
    gains = np.zeros(len(queries))
    for fold in range(FOLDS):
        is_held_out = np.arange(len(queries)) // QUERIES_PER_SENTENCE % FOLDS == fold
        chosen_on = np.flatnonzero(~is_held_out).tolist()
        ratio = _fit_ratio([features[n] for n in chosen_on], [targets[n] for n in chosen_on])
        held_out = [queries[n] for n in np.flatnonzero(is_held_out).tolist()]
        reranked = {**weights, RERANKER: ratio * total}
        gains[is_held_out] = compute_ndcg(held_out, reranked, settings)
        gains[is_held_out] -= compute_ndcg(held_out, weights, settings)
    of_documents = gains.reshape(-1, QUERIES_PER_SENTENCE).mean(axis=1)
    trial = RerankerTrial(
        queries=len(queries),
        gain=round(float(of_documents.mean()), 4),
        error=round(float(of_documents.std(ddof=1)) / math.sqrt(len(of_documents)), 4),
    )
    return _fit_ratio(features, targets) if trial.pays else 0.0, trial


def _fit_ratio(features: Sequence[Array], targets: Sequence[int]) -> float:
    """Return the weight of the reranker as a multiple of the sum of all other weights."""
    share = float(Softmax.pad(features, targets).fit_shares()[1])
    if not share:
        return 0.0
    share = (share + DEFAULT_SHARE) / 2
    return share / (1 - share)
