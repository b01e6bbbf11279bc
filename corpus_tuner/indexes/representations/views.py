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
from pydantic import Field, PositiveInt

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import DenseScores, Rows, Scores, Storage


class Settings(PluginSettings):
    """Settings of this representation.

    Attributes
    ----------
    top
        Number of best views whose mean similarity is the score; all if there are fewer.
    kinds
        Factor on the similarity of every view of a kind; 1 for a kind that is not named, 0 leaves
        a kind out.
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
    top: PositiveInt = 1
    kinds: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    invented: Annotated[float, Field(ge=0, le=1)] = 0.85
    distinct: Annotated[float, Field(gt=0, lt=1)] | None = None
    storage: Storage = "float16"


class Representation:
    """One row per view, the passage first; a long document's further passages are views."""

    name = "views"

    def __init__(self, settings: Settings) -> None:
        self.storage = settings.storage
        self._factors = settings.kinds
        self._invented = settings.invented
        self._top = settings.top
        self._distinct = settings.distinct

    def make_rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return the vectors as they are, but for the factors of their views."""
        factors = np.array(
            [
                self._factors.get(view.kind, 1.0) * (self._invented if view.invented else 1.0)
                for view in views
            ],
            np.float32,
        )
        factors[0] = 1  # the passage that the encoder reads stays as it is
        selected = np.flatnonzero(factors).astype(np.int32)
        if self._distinct is not None:
            selected = np.concatenate(
                [selected[:1], selected[1:][distinct(vectors[selected[1:]], self._distinct)]]
            )
        return Rows(vectors[selected] * factors[selected, None], selected)

    def score(self, similarities: Scores, starts: npt.NDArray[np.int64]) -> DenseScores:
        """Return the first row's similarity, and the mean of the best `top` of the others.

        Where there are no others, the first stands for them.
        """
        if not len(starts):
            return DenseScores.zeros()
        passage = similarities[starts]
        best = self._best(similarities, starts)
        if self._top == 1:
            return DenseScores(passage, best[0])
        counted = np.isfinite(best)
        sums = np.where(counted, best, 0).sum(axis=0)
        return DenseScores(passage, sums / counted.sum(axis=0))

    def find_thresholds(self, similarities: Scores, starts: npt.NDArray[np.int64]) -> Scores:
        """Return the last of the best `top` similarities of every document's other rows."""
        return self._best(similarities, starts)[-1] if len(starts) else similarities[:0]

    def _best(self, similarities: Scores, starts: npt.NDArray[np.int64]) -> Scores:
        """Return the best similarities of the other rows, best first, shape (top, documents).

        It is ``-inf`` where there are fewer.
        """
        counts = np.diff(starts, append=len(similarities))
        others = similarities.copy()
        others[starts[counts > 1]] = -np.inf
        if self._top == 1:
            return np.maximum.reduceat(others, starts)[None]
        document = np.repeat(np.arange(len(starts)), counts)
        order = np.lexsort((-others, document))
        position = np.arange(len(others)) - np.repeat(starts, counts)
        best = np.full((self._top, len(starts)), -np.inf)
        selected = position < self._top
        best[position[selected], document[selected]] = others[order][selected]
        return best


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
