"""Fusion: one ranking from the scores of several rankers.

All are put on one scale first, over the same documents: those that are among the first ones by any.
What others have does not count, but they can be put on that scale, too.
Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023;
reciprocal ranks: Cormack, Clarke and Büttcher, SIGIR 2009.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.store.search_settings import Fusion

_RANK_CONSTANT = 60  # as in the paper


def _zscore(scores: Scores, core: Scores) -> Scores:
    """Return how many standard deviations every score lies above the mean of the core."""
    deviation = core.std()
    return (scores - core.mean()) / deviation if deviation > 0 else np.zeros(len(scores))


def _minmax(scores: Scores, core: Scores) -> Scores:
    """Return where every score lies between the least, 0, and the greatest of the core, 1."""
    width = np.ptp(core)
    return (scores - core.min()) / width if width > 0 else np.zeros(len(scores))


def _rrf(scores: Scores, core: Scores) -> Scores:
    """Return the reciprocal of every rank in the core; equal scores have the same rank."""
    ranks = len(core) - np.searchsorted(np.sort(core), scores, side="right")
    return 1 / (_RANK_CONSTANT + 1.0 + ranks)


_SCALES: Mapping[Fusion, Callable[[Scores, Scores], Scores]] = {
    "zscore": _zscore,
    "minmax": _minmax,
    "rrf": _rrf,
}


def normalize_scores(
    scores: npt.NDArray[np.floating[Any]],
    fusion: Fusion,
    core: npt.NDArray[np.bool_] | None = None,
) -> Scores:
    """Put a ranker's scores on the scale that all share.

    Parameters
    ----------
    scores
        Of all documents in a query's pool, shape (documents,).
    fusion
        ``zscore``, ``minmax`` or ``rrf``.
    core
        Over which of them the scale is set; by default over all.

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
    return _SCALES[fusion](exact, exact if core is None else exact[core])
