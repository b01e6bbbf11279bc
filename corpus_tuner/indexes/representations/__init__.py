"""Representations: how the vectors of a document's views become what is indexed, and scored.

A file here is a representation: it holds ``Settings`` and ``Representation``, which is made from
them (`corpus_tuner.core.registry`).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings, load_plugin, read_settings
from corpus_tuner.encoders import Vectors

Storage = Literal["float32", "float16", "int8"]
"""How a component of a vector is kept."""
Scores = npt.NDArray[np.float64]
"""Scores, shape (documents,) or (rows,)."""

SCORE_DECIMALS = 6
"""Scores are computed in float64 and rounded to this, last of all: what is equal but for the order
of a sum is then a tie."""


class Rows(NamedTuple):
    """What one document gives to the index.

    Attributes
    ----------
    vectors
        float32, shape (rows, dimension); at least one row.
    views
        int32, shape (rows,): which of the document's views every row shows as its match.
    """

    vectors: Vectors
    views: npt.NDArray[np.int32]


class Parts(NamedTuple):
    """What the score of some documents is made of, all of shape (documents,).

    Attributes
    ----------
    passage
        What a document's passage brings.
    views
        What its other views bring.
    """

    passage: Scores
    views: Scores

    @classmethod
    def zeros(cls, documents: int = 0) -> "Parts":
        """Return those of documents of which nothing is known."""
        return cls(np.zeros(documents), np.zeros(documents))

    def mixed(self, weight: float) -> Scores:
        """Return ``(1 - weight) * passage + weight * views``, rounded."""
        return ((1 - weight) * self.passage + weight * self.views).round(SCORE_DECIMALS)

    def joined(self, other: "Parts") -> "Parts":
        """Return these and those of further documents."""
        return Parts(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def at(self, positions: npt.NDArray[np.int64]) -> "Parts":
        """Return those of some of the documents."""
        return Parts(self.passage[positions], self.views[positions])


class Representation(Protocol):
    """Turns one document's view vectors into rows of the index, and their scores into its own.

    Attributes
    ----------
    name
        The name of its file, and of its vectors in the index.
    storage
        How its vectors are kept.
    """

    name: str
    storage: Storage

    def rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return the rows for a document.

        Parameters
        ----------
        views
            Of the document; the first is a ``passage``.
        vectors
            float32, shape (views, dimension): their vectors, in the same order.
        """

    def parts(self, similarities: Scores, starts: npt.NDArray[np.int64]) -> Parts:
        """Return what the rows' similarities bring to their documents' scores.

        Nothing that is returned is greater than the document's greatest similarity.

        Parameters
        ----------
        similarities
            Of query and rows, one document after the other.
        starts
            Shape (documents,): where the rows of every document begin.
        """

    def least(self, similarities: Scores, starts: npt.NDArray[np.int64]) -> Scores:
        """Return, for every document, the similarity below which a row cannot change its score.

        A document's first row may always change it. Parameters are those of `parts`.
        """


def best_row(similarities: Scores, starts: npt.NDArray[np.int64]) -> Parts:
    """Let every document be scored by its best row alone (MaxP)."""
    best = greatest(similarities, starts)
    return Parts(best, best)


def greatest(similarities: Scores, starts: npt.NDArray[np.int64]) -> Scores:
    """Return the greatest of every document's similarities."""
    return np.maximum.reduceat(similarities, starts) if len(starts) else similarities[:0]


def open_representation(settings: PluginSettings) -> Representation:
    """Make the representation that `settings` describe."""
    representation: Representation = load_plugin(__name__, settings.name).Representation(settings)
    return representation


def stored_representation(values: dict[str, object]) -> Representation:
    """Make a representation from its settings as a manifest holds them."""
    return open_representation(read_settings(__name__, values))
