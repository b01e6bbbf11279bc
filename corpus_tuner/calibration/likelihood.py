"""Maximum likelihood estimation of ranker weights on scored pseudo-queries."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

from corpus_tuner.calibration.pseudo_queries import QUERIES_PER_SENTENCE
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.fusion import Mask, normalize_scores
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.search_settings import SearchSettings, normalize_weights
from corpus_tuner.indexes.vectors import Ordinals

Array = npt.NDArray[np.float64]

GROUPS = 10
"""Number of groups of documents, of which each is left out once to estimate errors."""
CUTOFF = 10
GAINS = [1 / math.log2(1 + rank) for rank in range(1, CUTOFF + 1)]
"""nDCG@10 of a query with one relevant document, by its rank."""
_INVERSE_TEMPERATURES = (-3.0, 5.0)  # bounds, logarithms


class ScoredQuery(NamedTuple):
    """Candidates of a pseudo-query, and the position of its target document among them."""

    candidates: Candidates
    target: int


class Softmax(NamedTuple):
    """Softmax over the candidates of every query, a linear function of their features.

    Attributes
    ----------
    features
        Features of the candidates, padded to shape (queries, candidates, features).
    filled
        Which of the candidates are real, shape (queries, candidates).
    targets
        Position of the relevant candidate of every query, shape (queries,).
    """

    features: Array
    filled: Mask
    targets: Ordinals

    @classmethod
    def pad(cls, features: Sequence[Array], targets: Sequence[int]) -> "Softmax":
        """Make one of the features of each query, shape (candidates, features)."""
        size, count = max(map(len, features)), features[0].shape[1]
        padded = cls(
            np.zeros((len(features), size, count)),
            np.zeros((len(features), size), bool),
            np.asarray(targets),
        )
        for query, own in enumerate(features):
            padded.features[query, : len(own)] = own
            padded.filled[query, : len(own)] = True
        return padded

    def fit_shares(self) -> Array:
        """Return the non-negative coefficients of maximum likelihood, 1 in sum."""
        coefficients = self._fit()
        total = coefficients.sum()
        return (
            coefficients / total if total > 0 else np.full(len(coefficients), 1 / len(coefficients))
        )

    def compute_likelihoods(self, shares: Array) -> Array:
        """Return the log-likelihood of every query, at the scale of the shares that maximizes it.

        All queries have the same scale.
        """
        scores = self._replace(features=(self.features @ shares)[:, :, None])
        return scores._differentiate(scores._fit())[0]

    def _fit(self) -> Array:
        """Return the non-negative coefficients of maximum likelihood."""

        def compute_loss(coefficients: Array) -> tuple[float, Array]:
            likelihoods, gradients = self._differentiate(coefficients)
            return -float(likelihoods.mean()), -gradients.mean(axis=0)

        # From zero, so that a ranker with equal scores for all documents gets no weight.
        start = np.zeros(self.features.shape[2])
        bounds = [(0, None)] * len(start)
        return np.asarray(
            minimize(compute_loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
        )

    def _differentiate(self, coefficients: Array) -> tuple[Array, Array]:
        """Return the log-likelihood of every query, and its gradient by the coefficients."""
        relevant = self.features[np.arange(len(self.targets)), self.targets]
        scores = np.where(self.filled, self.features @ coefficients, -np.inf)
        greatest = scores.max(axis=1)
        shares = np.exp(scores - greatest[:, None])
        totals = shares.sum(axis=1)
        expected = np.einsum("qd,qdf->qf", shares / totals[:, None], self.features)
        return relevant @ coefficients - greatest - np.log(totals), relevant - expected


class Likelihood:
    """Likelihood of the target documents among the candidates of pseudo-queries.

    Every ranker has a non-negative coefficient in a softmax over the candidates of a query. As in
    fusion, scores are normalized first. `queries` has two pseudo-queries of every document, one
    after the other.
    """

    def __init__(self, queries: Sequence[ScoredQuery], names: Sequence[str]) -> None:
        self._names = names
        features = [
            np.stack(
                [
                    normalize_scores(candidates.scores[name], "zscore", candidates.core)
                    for name in names
                ],
                axis=1,
            )
            for candidates, _ in queries
        ]
        self._softmax = Softmax.pad(features, [target for _, target in queries])
        self._groups = np.arange(len(queries)) // QUERIES_PER_SENTENCE % GROUPS

    def fit_weights(self) -> dict[str, float]:
        """Return the weights, 1 in sum, that maximize the likelihood."""
        return self._round(self._softmax.fit_shares())

    def estimate_errors(self) -> dict[str, float]:
        """Return the standard errors of these weights, by a jackknife over groups of documents."""
        return self._round(np.std(self._fits, axis=0) * math.sqrt(GROUPS - 1))

    def estimate_trust(self, default: Mapping[str, float]) -> float:
        """Return the weight of the estimate, from 0 to 1, that of the default weights being 1.

        It is the gain in likelihood of the mean of both over the default weights, divided by its
        standard error, at most 1. Each group of documents is held out once from the estimate.
        """
        weights = np.array([default[name] for name in self._names])
        prior = weights / (weights.sum() or 1.0)  # 0 if only failing rankers had a weight
        gains = -self._softmax.compute_likelihoods(prior)
        for group, fit in enumerate(self._fits):
            held_out = self._groups == group
            gains[held_out] += self._softmax.compute_likelihoods((fit + prior) / 2)[held_out]
        of_documents = gains.reshape(-1, QUERIES_PER_SENTENCE).mean(axis=1)
        error = of_documents.std(ddof=1) / math.sqrt(len(of_documents))
        return round(float(np.clip(of_documents.mean() / error, 0, 1)), 3) if error else 1.0

    @cached_property
    def _fits(self) -> list[Array]:
        """Shares of maximum likelihood without each group of documents."""
        return [
            Softmax(*(own[self._groups != group] for own in self._softmax)).fit_shares()
            for group in range(GROUPS)
        ]

    def _round(self, values: Array) -> dict[str, float]:
        return {name: round(float(one), 3) for name, one in zip(self._names, values, strict=True)}


def fit_temperature(
    queries: Sequence[ScoredQuery], names: Sequence[str], settings: SearchSettings
) -> float:
    """Return the temperature of the softmax that maximizes the likelihood of the targets."""
    weights = {name: getattr(settings.hybrid, name) for name in names}
    plan = Plan(CUTOFF, normalize_weights(weights), settings)
    scores = [candidates.compute_scores(plan)[:, None] for candidates, _ in queries]
    features, filled, targets = Softmax.pad(scores, [target for _, target in queries])
    padded = np.where(filled, features[:, :, 0], -np.inf)
    relevant = padded[np.arange(len(targets)), targets].sum()

    def compute_loss(logarithm: float) -> float:
        scale = math.exp(logarithm)
        return float(logsumexp(scale * padded, axis=1).sum() - scale * relevant)

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
