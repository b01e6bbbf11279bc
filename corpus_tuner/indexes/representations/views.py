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
from pydantic import Field

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import (
    DenseScores,
    Rows,
    Scores,
    Storage,
    WindowCounts,
    count_windows,
    find_windows,
    max_of_documents,
)


class Settings(PluginSettings):
    """Settings of this representation.

    Attributes
    ----------
    invented
        Factor on the similarity of views that a generator invented, such as questions, so that they
        must be nearer to a query than the document's own text.
    distinct
        Maximum cosine similarity of a view and the views before it; more similar views, except the
        passage, are not indexed. The index is smaller and recall slightly lower
        (docs/guide/scale.md). ``None`` indexes all views.
    storage
        ``float16`` takes half the space of ``float32`` and differs from it in the fourth decimal;
        ``int8`` takes a quarter.
    """

    name: Literal["views"] = "views"
    invented: Annotated[float, Field(ge=0, le=1)] = 0.85
    distinct: Annotated[float, Field(gt=0, lt=1)] | None = None
    storage: Storage = "int8"


class Representation:
    """One row per view, the passages first."""

    name = "views"

    def __init__(self, settings: Settings) -> None:
        self.storage = settings.storage
        self._invented = settings.invented
        self._distinct = settings.distinct

    def make_rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return the vectors as they are, but for the factor of invented views."""
        factors = np.array([self._invented if view.invented else 1.0 for view in views], np.float32)
        selected = np.flatnonzero(factors).astype(np.int32)
        if self._distinct is not None:
            size = count_windows(views)
            others = selected[size:]
            others = others[distinct(vectors[others], self._distinct)]
            selected = np.concatenate([selected[:size], others])
        return Rows(vectors[selected] * factors[selected, None], selected)

    def score(
        self, similarities: Scores, starts: npt.NDArray[np.int64], windows: WindowCounts
    ) -> DenseScores:
        """Return the similarities of the best passage and of the best other row.

        Where there are no others, the passage stands for them.
        """
        sizes = np.diff(starts, append=len(similarities))
        is_window = find_windows(len(similarities), starts, windows)
        passage = max_of_documents(np.where(is_window, similarities, -np.inf), starts)
        others = max_of_documents(np.where(is_window, -np.inf, similarities), starts)
        return DenseScores(passage, np.where(sizes > windows, others, passage))


def distinct(vectors: Vectors, most: float) -> npt.NDArray[np.bool_]:
    """Return which vectors have no greater cosine than `most` with a selected one before them.

    Parameters
    ----------
    vectors
        float32, shape (vectors, dimension), unit rows.
    most
        A cosine.
    """
    cosines = vectors @ vectors.T
    selected = np.zeros(len(vectors), bool)
    for number, own in enumerate(cosines):
        selected[number] = not (own[selected] > most).any()
    return selected
