"""Vectors of an index: stored rows, exact and approximate nearest-neighbour search, scores."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ordinals = npt.NDArray[np.int64]
"""Rows or documents, by their positions in a segment or in all segments of an index."""


class Neighbors(NamedTuple):
    """Nearest rows of some queries.

    Attributes
    ----------
    rows
        int64, shape (queries, found), the nearest first; -1 where there is none.
    similarities
        float32 inner products with these rows, right to about 1e-6.
    exact
        Whether no other row is nearer than the last of these.
    """

    rows: Ordinals
    similarities: npt.NDArray[np.float32]
    exact: bool
