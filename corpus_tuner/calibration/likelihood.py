"""Maximum likelihood estimation of ranker weights on scored pseudo-queries."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

from corpus_tuner.calibration.pseudo_queries import QUERIES_PER_SENTENCE
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.search_settings import SearchSettings, normalize_weights

Array = npt.NDArray[np.float64]

GROUPS = 10
"""Number of groups of documents in the jackknife estimate of standard errors."""
CUTOFF = 10
GAINS = [1 / math.log2(1 + rank) for rank in range(1, CUTOFF + 1)]
"""nDCG@10 of a query with one relevant document, by its rank."""
_INVERSE_TEMPERATURES = (-3.0, 5.0)  # bounds, logarithms


class ScoredQuery(NamedTuple):
    """Candidates of a pseudo-query, and the position of its target document among them."""

    candidates: Candidates
    target: int


class Likelihood:
    """Likelihood of the target documents among the candidates of pseudo-queries.

    Every ranker has a non-negative coefficient in a softmax over the candidates of a query. As in
    fusion, scores are normalized first. `queries` has two pseudo-queries of every document, one
    after the other.
    """

    def __init__(self, queries: Sequence[ScoredQuery], names: Sequence[str]) -> None:
        self._names = names
        self._features = [
            np.stack(
                [
                    normalize_scores(candidates.scores[name], "zscore", candidates.core)
                    for name in names
                ],
                axis=1,
            )
            for candidates, _ in queries
        ]
        self._targets = [target for _, target in queries]

    def fit_weights(self) -> dict[str, float]:
        """Return the weights, 1 in sum, that maximize the likelihood."""
        return self._round(fit_shares(self._features, self._targets))

    def estimate_errors(self) -> dict[str, float]:
        """Return the standard errors of these weights, by a jackknife over groups of documents."""
        groups = np.arange(len(self._targets)) // QUERIES_PER_SENTENCE % GROUPS
        fits = [self._fit(np.flatnonzero(groups != group)) for group in range(GROUPS)]
        return self._round(np.std(fits, axis=0) * math.sqrt(GROUPS - 1))

    def _round(self, values: Array) -> dict[str, float]:
        return {name: round(float(one), 3) for name, one in zip(self._names, values, strict=True)}

    def _fit(self, queries: npt.NDArray[np.int64]) -> Array:
        return fit_shares([self._features[n] for n in queries], [self._targets[n] for n in queries])


def fit_shares(features: Sequence[Array], targets: Sequence[int]) -> Array:
    """Return the non-negative coefficients of a softmax of maximum likelihood, 1 in sum.

    Parameters
    ----------
    features
        Features of the candidates of every query, shape (candidates, features).
    targets
        Position of the relevant candidate of every query.
    """
    size, count = max(map(len, features)), features[0].shape[1]
    padded = np.zeros((len(features), size, count))
    filled = np.zeros((len(features), size), bool)
    for query, own in enumerate(features):
        padded[query, : len(own)] = own
        filled[query, : len(own)] = True
    relevant = padded[np.arange(len(features)), targets]

    def compute_loss(coefficients: Array) -> tuple[float, Array]:
        scores = np.where(filled, padded @ coefficients, -np.inf)
        greatest = scores.max(axis=1)
        shares = np.exp(scores - greatest[:, None])
        totals = shares.sum(axis=1)
        expected = np.einsum("qd,qdf->qf", shares / totals[:, None], padded)
        likelihood = relevant @ coefficients - greatest - np.log(totals)
        return -float(likelihood.mean()), (expected - relevant).mean(axis=0)

    # From zero, so that a ranker with equal scores for all documents gets no weight.
    found = minimize(
        compute_loss, np.zeros(count), jac=True, bounds=[(0, None)] * count, method="L-BFGS-B"
    )
    total = found.x.sum()
    return np.asarray(found.x / total if total > 0 else np.full(count, 1 / count))


def fit_temperature(
    queries: Sequence[ScoredQuery], names: Sequence[str], settings: SearchSettings
) -> float:
    """Return the temperature of the softmax that maximizes the likelihood of the targets."""
    weights = {name: getattr(settings.hybrid, name) for name in names}
    plan = Plan(CUTOFF, normalize_weights(weights), settings)
    scores = [(candidates.compute_scores(plan), target) for candidates, target in queries]

    def compute_loss(logarithm: float) -> float:
        scaled = [(math.exp(logarithm) * own, target) for own, target in scores]
        return sum(float(logsumexp(own)) - float(own[target]) for own, target in scaled)

    best = minimize_scalar(compute_loss, bounds=_INVERSE_TEMPERATURES, method="bounded")
    return float(f"{math.exp(-float(best.x)):.4g}")


def compute_ndcg(
    queries: Sequence[ScoredQuery], weights: Mapping[str, float], settings: SearchSettings
) -> Array:
    """Return nDCG@10 of every pseudo-query; documents that tie with the target rank before it."""
    plan = Plan(CUTOFF, {name: weight for name, weight in weights.items() if weight}, settings)
    values = np.zeros(len(queries))
    for query, (candidates, target) in enumerate(queries):
        scores = candidates.compute_scores(plan)
        rank = int((scores >= scores[target]).sum())
        values[query] = GAINS[rank - 1] if rank <= CUTOFF else 0.0
    return values
