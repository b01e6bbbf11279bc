"""Vectors: rows of numbers, compared with a query's; which document they are of is `scoring`'s.

Rows are stored once (`rows`). What finds the nearest of them is an engine (`engines`); it says
of what it found whether that is all (`Nearest.exact`), so that whoever searches need not know which
one it is.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors

Ordinals = npt.NDArray[np.int64]
"""Rows, or documents, by their positions in a segment, or in all segments of an index."""


class Nearest(NamedTuple):
    """The rows that an engine found for some queries.

    Attributes
    ----------
    rows
        int64, shape (queries, found), the nearest first; -1 where there is none.
    similarities
        float32, of these as they are stored, right to about 1e-6: good for finding and for bounds.
    exact
        Whether it is certain that no other row is nearer than the last of these.
    """

    rows: Ordinals
    similarities: npt.NDArray[np.float32]
    exact: bool


class Selection(NamedTuple):
    """Rows to which an engine is kept.

    Attributes
    ----------
    size
        How many there are.
    rows
        Which, bool, of the shape of all.
    selector
        The same for FAISS.
    """

    size: int
    rows: npt.NDArray[np.bool_]
    selector: Any


class VectorEngine(Protocol):
    """Finds the nearest rows of one representation in one segment."""

    def nearest(self, queries: Vectors, depth: int, only: Selection | None = None) -> Nearest:
        """Return the nearest rows for every query.

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        depth
            How many rows; more may be returned.
        only
            Rows that may be found; all if left out.
        """
