"""Fusion of the scores of several rankers, and probabilities from the fused scores.

Scores are first normalized over the same documents, the core of the candidates. Documents outside
of the core get scores on the same scale, but do not change it.
Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023;
reciprocal ranks: Cormack, Clarke and Büttcher, SIGIR 2009.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import SCORE_DECIMALS, Scores
from corpus_tuner.indexes.store.search_settings import RANKERS, Fusion

Mask = npt.NDArray[np.bool_]

_RANK_CONSTANT = 60  # as in the paper


class Contribution(NamedTuple):
    """Scores of one ranker, and their share of the fused scores, both of shape (documents,)."""

    scores: Scores
    weighted: Scores


def normalize_scores(
    scores: npt.NDArray[np.floating[Any]], fusion: Fusion, core: Mask | None = None
) -> Scores:
    """Normalize the scores of a ranker to the scale that all rankers share.

    Parameters
    ----------
    scores
        Scores of all candidates of a query, shape (documents,).
    fusion
        Method of normalization: ``zscore``, ``minmax`` or ``rrf``.
    core
        Documents over which the scale is set; by default all.

    Returns
    -------
    float64, shape (documents,).

    Examples
    --------
    >>> normalize_scores(np.array([0.0, 2.0, 8.0]), "minmax").tolist()
    [0.0, 0.25, 1.0]
    """
    if not len(scores):
        return np.zeros(0)
    exact = scores.astype(np.float64)
    scale = exact if core is None else exact[core]
    match fusion:
        case "zscore":  # standard deviations above the mean of the core
            origin, width = scale.mean(), scale.std()
        case "minmax":  # between the minimum of the core, 0, and its maximum, 1
            origin, width = scale.min(), np.ptp(scale)
        case "rrf":  # the reciprocal of the rank in the core; equal scores have the same rank
            ranks = len(scale) - np.searchsorted(np.sort(scale), exact, side="right")
            return 1 / (_RANK_CONSTANT + 1.0 + ranks)
    return (exact - origin) / width if width > 0 else np.zeros(len(exact))


def sum_contributions(contributions: Mapping[str, Contribution]) -> Scores:
    """Return the fused scores: the sum in the order of `RANKERS`, rounded to `SCORE_DECIMALS`."""
    weighted = [contributions[name].weighted for name in RANKERS if name in contributions]
    return np.asarray(sum(weighted[1:], weighted[0])).round(SCORE_DECIMALS)


def compute_probabilities(scores: Scores, core: Mask, temperature: float) -> Scores:
    """Return the probability of every document to be the one that the query is about.

    It is a softmax over the candidates, with a temperature that calibration fitted on
    pseudo-queries.

    Parameters
    ----------
    scores
        Fused scores, float64, shape (documents,).
    core
        Documents whose probabilities sum to 1, shape (documents,). The probabilities of others do
        not depend on the number of documents that the search returns.
    temperature
        Divisor of the scores.

    Returns
    -------
    float64, shape (documents,), from 0 to 1.

    Examples
    --------
    >>> compute_probabilities(np.array([1.0, 0.0, 0.0]), np.ones(3, bool), 0.5).round(2).tolist()
    [0.79, 0.11, 0.11]
    """
    if not core.any():
        return np.zeros(len(scores))
    exponents = scores / temperature
    greatest = exponents[core].max()
    powers = np.exp(np.minimum(exponents - greatest, 0.0))
    return np.asarray((powers / powers[core].sum()).round(SCORE_DECIMALS))
