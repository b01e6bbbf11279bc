"""Representations: which vectors of a document's views are indexed, and how they score it.

A module of this folder is a representation. It holds ``Settings`` and ``Representation``, which is
made from them (`corpus_tuner.core.registry`).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings, load_plugin, read_settings
from corpus_tuner.encoders import Vectors
from corpus_tuner.text.passages import is_long

Storage = Literal["float32", "float16", "int8"]
"""Type of the stored components of vectors."""
Scores = npt.NDArray[np.float64]
"""Scores, shape (documents,) or (rows,)."""
WindowCounts = npt.NDArray[np.int32]
"""Numbers of passages that documents are scored by, shape (documents,)."""

SCORE_DECIMALS = 6
"""Scores are computed in float64 and rounded to this, last of all: what is equal but for the order
of a sum is then a tie."""


class Rows(NamedTuple):
    """Rows of one document in the index.

    Attributes
    ----------
    vectors
        float32, shape (rows, dimension); at least one row.
    views
        int32, shape (rows,): position of the view that each row stands for.
    """

    vectors: Vectors
    views: npt.NDArray[np.int32]


class DenseScores(NamedTuple):
    """Scores of documents by the rankers `passage` and `views`, of shape (documents,) each."""

    passage: Scores
    views: Scores

    @classmethod
    def zeros(cls) -> "DenseScores":
        """Return the scores of no documents."""
        return cls(np.zeros(0), np.zeros(0))

    def combine(self, weight: float) -> Scores:
        """Return ``(1 - weight) * passage + weight * views``, rounded."""
        return ((1 - weight) * self.passage + weight * self.views).round(SCORE_DECIMALS)

    def concatenate(self, other: "DenseScores") -> "DenseScores":
        """Return these scores and those of further documents."""
        return DenseScores(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def select(self, positions: npt.NDArray[np.int64]) -> "DenseScores":
        """Return the scores of some of the documents."""
        return DenseScores(self.passage[positions], self.views[positions])


class Representation(Protocol):
    """Turns the vectors of a document's views into rows, and their similarities into scores.

    Attributes
    ----------
    name
        Name of the module, and of its vectors in the index.
    storage
        Type of the stored components.
    """

    name: str
    storage: Storage

    def make_rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return the rows of a document.

        Parameters
        ----------
        views
            Views of the document, its passages first.
        vectors
            Vectors of the views in the same order, float32, shape (views, dimension).
        """

    def score(self, passages: Scores, others: Scores) -> DenseScores:
        """Return the scores of documents, each the similarity of one row.

        Parameters
        ----------
        passages, others
            Greatest similarities of every document, as `find_greatest` returns them.
        """


def score_by_best_row(passages: Scores, others: Scores) -> DenseScores:
    """Score every document by its best row only (MaxP)."""
    best = np.maximum(passages, others)
    return DenseScores(best, best)


def find_greatest(
    similarities: Scores, starts: npt.NDArray[np.int64], windows: WindowCounts
) -> tuple[Scores, Scores]:
    """Return the greatest similarities of the passages of documents, and of their other rows.

    Parameters
    ----------
    similarities
        Similarities of a query and rows, one document after the other.
    starts
        Position of the first row of every document, shape (documents,).
    windows
        Number of passages that the ranker `passage` scores every document by, shape (documents,);
        their rows are the first of the document.

    Returns
    -------
    passages, others
        float64, shape (documents,); ``-inf`` where a document has no such row.
    """
    return max_of_kinds(similarities, starts, find_windows(len(similarities), starts, windows))


def max_of_kinds(
    similarities: Scores, starts: npt.NDArray[np.int64], is_window: npt.NDArray[np.bool_]
) -> tuple[Scores, Scores]:
    """Return what `find_greatest` does, given which rows are of passages, shape (rows,)."""
    return (
        max_of_documents(np.where(is_window, similarities, -np.inf), starts),
        max_of_documents(np.where(is_window, -np.inf, similarities), starts),
    )


def max_of_documents(similarities: Scores, starts: npt.NDArray[np.int64]) -> Scores:
    """Return the greatest similarity of every document."""
    return np.maximum.reduceat(similarities, starts) if len(starts) else similarities[:0]


def count_windows(views: Sequence[View]) -> int:
    """Return the number of passages that a document is scored by.

    These are its windows if it is long, otherwise the first passage only.
    """
    passages = sum(view.kind == "passage" for view in views)
    return passages if is_long(passages) else 1


def find_windows(
    rows: int, starts: npt.NDArray[np.int64], windows: WindowCounts
) -> npt.NDArray[np.bool_]:
    """Return which rows are of the passages that documents are scored by, shape (rows,).

    `starts` and `windows` are those of `find_greatest`.
    """
    sizes = np.diff(starts, append=rows)
    return np.asarray(np.arange(rows) < np.repeat(starts + windows, sizes))


def open_representation(settings: PluginSettings) -> Representation:
    """Create the representation that `settings` describe."""
    representation: Representation = load_plugin(__name__, settings.name).Representation(settings)
    return representation


def read_representation(values: dict[str, object]) -> Representation:
    """Create a representation from its settings in a manifest."""
    return open_representation(read_settings(__name__, values))
