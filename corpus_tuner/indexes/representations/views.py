"""Every view keeps its vector: a document scores by its passage and by its best other view.

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
    storage: Storage = "float16"


class Representation:
    """One row per view, the passage first; a long document's further passages are views."""

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
            selected = np.concatenate(
                [selected[:1], selected[1:][distinct(vectors[selected[1:]], self._distinct)]]
            )
        return Rows(vectors[selected] * factors[selected, None], selected)

    def score(self, similarities: Scores, starts: npt.NDArray[np.int64]) -> DenseScores:
        """Return the similarities of the first row and of the best other row.

        Where there are no others, the first stands for them.
        """
        counts = np.diff(starts, append=len(similarities))
        others = similarities.copy()
        others[starts[counts > 1]] = -np.inf
        return DenseScores(similarities[starts], max_of_documents(others, starts))


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
