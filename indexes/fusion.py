"""Fusion: one ranking from the vectors' scores and the words' scores.

Both are put on one scale first, each over the same documents: those that are among the first ones
by either. What others have does not count, but they can be put on that scale, too.
Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023;
reciprocal ranks: Cormack, Clarke and Büttcher, SIGIR 2009.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Mode = Literal["hybrid", "dense", "lexical"]
Fusion = Literal["zscore", "minmax", "rrf"]
Scores = npt.NDArray[np.floating[Any]]
Scaled = npt.NDArray[np.float64]

_RANK_CONSTANT = 60  # as in the paper


class SearchSettings(BaseModel):
    """How scores become one ranking; calibration sets the weights of hybrid search.

    Attributes
    ----------
    views
        Weight of the views against the passage, from 0 to 1, where vectors rank alone
        (representation ``views``).
    hybrid_views
        The same in hybrid search; less, for words do part of what views do.
    words
        Weight of the words against the vectors in hybrid search, from 0 to 1.
    fusion
        How both come to one scale: ``zscore``, ``minmax`` or ``rrf``.
    pool
        Documents of each ranker over which scores are scaled, however many are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    views: Annotated[float, Field(ge=0, le=1)] = 0.5
    hybrid_views: Annotated[float, Field(ge=0, le=1)] = 0.4
    words: Annotated[float, Field(ge=0, le=1)] = 0.4
    fusion: Fusion = "zscore"
    pool: PositiveInt = 100

    def views_in(self, mode: Mode) -> float:
        """Return the weight of the views in a mode."""
        return self.hybrid_views if mode == "hybrid" else self.views


def _zscore(scores: Scores, core: Scores) -> Scaled:
    """Return how many standard deviations each score lies above the mean of the core."""
    deviation = core.std()
    return (scores - core.mean()) / deviation if deviation > 0 else np.zeros(len(scores))


def _minmax(scores: Scores, core: Scores) -> Scaled:
    """Return where each score lies between the least, 0, and the greatest of the core, 1."""
    width = np.ptp(core)
    return (scores - core.min()) / width if width > 0 else np.zeros(len(scores))


def _rrf(scores: Scores, core: Scores) -> Scaled:
    """Return the reciprocal of each rank in the core; equal scores have the same rank."""
    ranks = len(core) - np.searchsorted(np.sort(core), scores, side="right")
    return 1 / (_RANK_CONSTANT + 1.0 + ranks)


_SCALES: Mapping[Fusion, Callable[[Scores, Scores], Scaled]] = {
    "zscore": _zscore,
    "minmax": _minmax,
    "rrf": _rrf,
}


def fuse(
    dense: Scores,
    words: Scores,
    weight: float,
    fusion: Fusion,
    core: npt.NDArray[np.bool_] | None = None,
) -> Scaled:
    """Mix two scores of the same documents.

    Parameters
    ----------
    dense, words
        Of all documents in a query's pool, shape (documents,).
    weight
        Of the words, from 0 to 1.
    fusion
        ``zscore``, ``minmax`` or ``rrf``.
    core
        Over which of them the scale is set; by default over all.

    Returns
    -------
    float64, shape (documents,): ``(1 - weight) * scaled dense + weight * scaled words``.
    """
    if not len(dense):
        return np.zeros(0)
    scale = _SCALES[fusion]
    over = slice(None) if core is None else core
    exact, counted = dense.astype(np.float64), words.astype(np.float64)
    return (1 - weight) * scale(exact, exact[over]) + weight * scale(counted, counted[over])
