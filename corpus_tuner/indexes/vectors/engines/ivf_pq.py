"""Inverted lists of product codes: a vector in pieces, each by the nearest of 256 centroids.

Source: Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", IEEE TPAMI
2011.
"""

from pathlib import Path
from typing import Any, Literal

import faiss
from pydantic import PositiveInt

from corpus_tuner.indexes.vectors.inverted import InvertedEngine, InvertedSettings, make_inverted
from corpus_tuner.indexes.vectors.rows import StoredRows

_BITS = 8  # of the code of a piece
_POINTS, _ROUNDS = 64, 10
"""Rows for every centroid of a piece, from which it is learnt, and how often it is moved."""


class Settings(InvertedSettings):
    """Settings of lists and of their codes.

    Attributes
    ----------
    pieces
        Bytes of a code, and as many pieces of a vector, at most: so many that its dimension can be
        divided by them. More find more and take longer to build and to search. A row has 8 bytes
        more.
    """

    name: Literal["ivf_pq"] = "ivf_pq"
    pieces: PositiveInt = 96
    rescored: PositiveInt = 8

    def needs_structure(self, rows: int) -> bool:
        """Tell whether a segment of so many rows is to have a structure for them."""
        return super().needs_structure(rows) and rows >= 2**_BITS


class Engine(InvertedEngine):
    """Finds by lists of codes; see `InvertedEngine`."""

    kind = "IwPQ"


def make(settings: Settings, rows: StoredRows, file: Path) -> None:
    """Write the lists of all rows."""
    most = min(settings.pieces, rows.dimension)
    pieces = next(count for count in range(most, 0, -1) if rows.dimension % count == 0)

    def empty(quantizer: Any, count: int) -> Any:
        lists = faiss.IndexIVFPQ(
            quantizer, rows.dimension, count, pieces, _BITS, faiss.METRIC_INNER_PRODUCT
        )
        lists.pq.cp.min_points_per_centroid = 1
        lists.pq.cp.max_points_per_centroid = _POINTS
        lists.pq.cp.niter = _ROUNDS
        return lists

    make_inverted(settings, rows, file, empty)
