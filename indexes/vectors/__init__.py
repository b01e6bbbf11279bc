"""Vectors: rows of numbers, compared with a query's; which document they are of is `scoring`'s.

A file here is an engine. It says what it can do (`exact`, `filters`), so that whoever searches
need not know which one it is.
"""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.representations import Scores, Storage

Ordinals = npt.NDArray[np.int64]
"""Rows, or documents, by their positions in a segment, or in all segments of an index."""


class Nearest(NamedTuple):
    """The rows that an engine found for some queries, all of shape (queries, depth).

    Attributes
    ----------
    rows
        int64, the nearest first; -1 where there is none.
    similarities
        float32, of these, right to about 1e-6: good for finding and for bounds.
    """

    rows: Ordinals
    similarities: npt.NDArray[np.float32]


class Selection(NamedTuple):
    """Rows to which an engine is kept.

    Attributes
    ----------
    size
        How many there are.
    parameters
        The engine's own.
    """

    size: int
    parameters: Any


class VectorEngine(Protocol):
    """The vectors of one representation in one segment.

    Attributes
    ----------
    exact
        Whether no row is nearer than the last of those that `nearest` returns, but for these.
    filters
        Whether `nearest` can be kept to some rows.
    rows, dimension
        How many vectors there are, and their length.
    """

    exact: bool
    filters: bool
    rows: int
    dimension: int

    def select(self, rows: npt.NDArray[np.bool_]) -> Selection:
        """Return what keeps `nearest` to some rows, shape (rows,)."""

    def nearest(self, queries: Vectors, depth: int, only: Selection | None = None) -> Nearest:
        """Return the nearest rows for every query.

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        depth
            How many rows.
        only
            Rows that may be found; all if left out.
        """

    def vectors(self, rows: Ordinals) -> Vectors:
        """Return some rows as they are stored, float32, shape (rows, dimension)."""

    def similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        """Return the inner products of a query and some rows.

        Parameters
        ----------
        query
            float32, shape (dimension,).
        rows
            Shape (rows,).

        Returns
        -------
        float64, shape (rows,): summed in an order that does not depend on the other rows, so that
        equal vectors have equal similarities.
        """


def open_vectors(file: Path, dimension: int, storage: Storage) -> VectorEngine:
    """Open the engine of a file of vectors.

    Raises
    ------
    SearchIndexError
        If it cannot be read, or has other vectors than these.
    """
    from corpus_tuner.indexes.vectors.flat import FlatVectors

    return FlatVectors(file, dimension, storage)
