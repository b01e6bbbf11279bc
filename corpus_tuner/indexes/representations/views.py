"""Every view keeps its vector: a document scores by its best passage and by its best other view.

    score = (1 - w) * passage + w * best view

A short view that reads like a query is nearer to queries than a long text is, and a mean over
views blurs the one that answers. The passage, which sees the whole, guards against a view that
matches by chance. What a document indexed by several vectors gains: Luan, Eisenstein, Toutanova and
Collins, "Sparse, Dense, and Attentional Representations for Text Retrieval", TACL 2021.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveInt

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import (
    DenseScores,
    Rows,
    Scores,
    Storage,
    count_windows,
)

_BLOCK = 256
"""Maximum number of vectors that representatives are selected from at once."""
_DECIMALS = 4
"""Cosines are rounded to this, so that the selection does not depend on the processor."""


class Settings(PluginSettings):
    """Settings of this representation.

    Attributes
    ----------
    invented
        Factor on the similarity of views that a generator invented, such as questions, so that they
        must be nearer to a query than the document's own text.
    views_per_passage
        Maximum number of views besides passages, for every passage that the document is scored by.
        Of more, those that represent all best are indexed; invented views always are. ``None``
        indexes all views: the index is about twice as large, and dense search by itself better
        (docs/guide/scale.md).
    storage
        ``float16`` takes half the space of ``float32`` and differs from it in the fourth decimal;
        ``int8`` takes a quarter.
    """

    name: Literal["views"] = "views"
    invented: Annotated[float, Field(ge=0, le=1)] = 0.85
    views_per_passage: PositiveInt | None = 5
    storage: Storage = "int8"


class Representation:
    """One row per view, the passages first."""

    name = "views"

    def __init__(self, settings: Settings) -> None:
        self.storage = settings.storage
        self._invented = settings.invented
        self._per_passage = settings.views_per_passage

    def make_rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return the vectors as they are, but for the factor of invented views."""
        factors = np.array([self._invented if view.invented else 1.0 for view in views], np.float32)
        indexed = factors > 0
        if self._per_passage is not None:
            size = count_windows(views)
            own = np.flatnonzero([not view.invented for view in views])
            windows, others = own[:size], own[size:]
            most = self._per_passage * size
            indexed[others] = select_representatives(vectors[windows], vectors[others], most)
        selected = np.flatnonzero(indexed).astype(np.int32)
        return Rows(vectors[selected] * factors[selected, None], selected)

    def score(self, passages: Scores, others: Scores) -> DenseScores:
        """Return the similarities of the best passage and of the best other row.

        Where there are no others, the passage stands for them.
        """
        return DenseScores(passages, np.where(others > -np.inf, others, passages))


def select_representatives(given: Vectors, others: Vectors, most: int) -> npt.NDArray[np.bool_]:
    """Return which vectors represent all best (facility location, by the greedy algorithm).

    One after the other, the vector is selected that raises most the sum, over all vectors, of the
    greatest cosine with a selected one. Many vectors are divided into blocks, so that memory does
    not grow with their square. Lin and Bilmes, "A Class of Submodular Functions for Document
    Summarization", ACL 2011.

    Parameters
    ----------
    given
        Vectors that are selected already, float32, shape (any, dimension), unit rows.
    others
        Vectors to select from, float32, shape (vectors, dimension), unit rows.
    most
        Number of vectors to select.

    Returns
    -------
    bool, shape (vectors,).

    Examples
    --------
    >>> given = np.array([[1, 0, 0]], np.float32)
    >>> others = np.array([[1, 0, 0], [0, 1, 0], [0, 0.8, 0.6], [0, 0, 1]], np.float32)
    >>> select_representatives(given, others, most=1).tolist()
    [False, False, True, False]
    """
    if len(others) <= most:
        return np.ones(len(others), bool)
    selected = np.zeros(len(others), bool)
    blocks = -(-len(others) // _BLOCK)
    for number, block in enumerate(np.array_split(np.arange(len(others)), blocks)):
        count = (number + 1) * most // blocks - number * most // blocks
        cosines = (others[block] @ others[block].T).round(_DECIMALS)
        covered = (others[block] @ given.T).round(_DECIMALS).max(axis=1)
        for _ in range(count):
            sums = np.maximum(cosines, covered).sum(axis=1)
            sums[selected[block]] = -np.inf
            best = int(sums.argmax())
            selected[block[best]] = True
            covered = np.maximum(covered, cosines[best])
    return selected
