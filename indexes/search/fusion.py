"""Fusion: one ranking from dense and lexical scores.

Both are put on one scale first, both over the same documents: those that are among the first ones
by either. What others have does not count, but they can be put on that scale, too.
Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023;
reciprocal ranks: Cormack, Clarke and Büttcher, SIGIR 2009.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from corpus_tuner.indexes.representations import Scores

Mode = Literal["hybrid", "dense", "lexical"]
Fusion = Literal["zscore", "minmax", "rrf"]
_Values = npt.NDArray[np.floating[Any]]
Weight = Annotated[float, Field(ge=0, le=1)]

_RANK_CONSTANT = 60  # as in the paper


class DenseWeights(BaseModel):
    """The weights where vectors rank alone.

    Attributes
    ----------
    views
        Of a document's best view, from 0 to 1; the rest is its passage's.

    Examples
    --------
    >>> DenseWeights(views=0.3)
    DenseWeights(views=0.3)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    views: Weight = 0.5


class HybridWeights(BaseModel):
    """The weights of hybrid search; calibration sets them.

    Attributes
    ----------
    views
        Of a document's best view in its dense score, from 0 to 1; less than where vectors rank
        alone, for words do part of what views do.
    words
        Of the lexical score, from 0 to 1; the rest is the dense score's.

    Examples
    --------
    >>> HybridWeights(words=0.6)
    HybridWeights(views=0.4, words=0.6)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    views: Weight = 0.4
    words: Weight = 0.4


class SearchSettings(BaseModel):
    """How scores become one ranking.

    Attributes
    ----------
    dense, hybrid
        The weights of every mode.
    fusion
        How dense and lexical scores come to one scale: ``zscore``, ``minmax`` or ``rrf``.
    pool
        Documents of every ranker over which scores are scaled, however many are asked for.

    Examples
    --------
    >>> SearchSettings(hybrid={"words": 0.6}).hybrid
    HybridWeights(views=0.4, words=0.6)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: DenseWeights = DenseWeights()
    hybrid: HybridWeights = HybridWeights()
    fusion: Fusion = "zscore"
    pool: PositiveInt = 100


def _zscore(scores: _Values, core: _Values) -> Scores:
    """Return how many standard deviations every score lies above the mean of the core."""
    deviation = core.std()
    return (scores - core.mean()) / deviation if deviation > 0 else np.zeros(len(scores))


def _minmax(scores: _Values, core: _Values) -> Scores:
    """Return where every score lies between the least, 0, and the greatest of the core, 1."""
    width = np.ptp(core)
    return (scores - core.min()) / width if width > 0 else np.zeros(len(scores))


def _rrf(scores: _Values, core: _Values) -> Scores:
    """Return the reciprocal of every rank in the core; equal scores have the same rank."""
    ranks = len(core) - np.searchsorted(np.sort(core), scores, side="right")
    return 1 / (_RANK_CONSTANT + 1.0 + ranks)


_SCALES: Mapping[Fusion, Callable[[_Values, _Values], Scores]] = {
    "zscore": _zscore,
    "minmax": _minmax,
    "rrf": _rrf,
}


def fuse(
    dense: _Values,
    lexical: _Values,
    weight: float,
    fusion: Fusion,
    core: npt.NDArray[np.bool_] | None = None,
) -> Scores:
    """Mix two scores of the same documents.

    Parameters
    ----------
    dense, lexical
        Of all documents in a query's pool, shape (documents,).
    weight
        Of the lexical score, from 0 to 1.
    fusion
        ``zscore``, ``minmax`` or ``rrf``.
    core
        Over which of them the scale is set; by default over all.

    Returns
    -------
    float64, shape (documents,): ``(1 - weight) * scaled dense + weight * scaled lexical``.

    Examples
    --------
    >>> fuse(np.array([0.9, 0.1]), np.array([0.0, 8.0]), 0.75, "minmax").tolist()
    [0.25, 0.75]
    """
    if not len(dense):
        return np.zeros(0)
    scale = _SCALES[fusion]
    over = slice(None) if core is None else core
    first, second = dense.astype(np.float64), lexical.astype(np.float64)
    return (1 - weight) * scale(first, first[over]) + weight * scale(second, second[over])
