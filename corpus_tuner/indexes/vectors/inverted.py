"""Inverted lists: rows by the centroid that is nearest to them, of which a search reads a few.

Source: Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", IEEE TPAMI
2011.
"""

from collections.abc import Callable
from math import ceil, sqrt
from pathlib import Path
from typing import Any, ClassVar

import faiss
from pydantic import PositiveInt

from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.vectors import Nearest
from corpus_tuner.indexes.vectors.approximate import (
    ApproximateEngine,
    ApproximateSettings,
    blocks,
    read_structure,
    rescored,
    sample,
    write_structure,
)
from corpus_tuner.indexes.vectors.rows import StoredRows

_POINTS = 64
"""Rows for every centroid, from which it is learnt: more take longer and hardly change it."""
_LEAST_SAMPLE = 16_384  # rows, for what is learnt of codes


class InvertedSettings(ApproximateSettings):
    """Settings of inverted lists of codes.

    Attributes
    ----------
    lists
        How many; by default about twice the root of the number of rows. More make every list
        shorter, take longer to build, and a search compares the query with all their centroids.
    nprobe
        Lists that a search reads. Its time grows with them; raised for `recall`.
    rescored
        Rows that are found by their codes and compared exactly, for every row wanted. Each costs
        reading it, from anywhere in the file; raised for `recall`.
    """

    knobs: ClassVar[frozenset[str]] = frozenset({"nprobe", "rescored"})

    lists: PositiveInt | None = None
    nprobe: PositiveInt = 16
    rescored: PositiveInt = 4

    def needs_structure(self, rows: int) -> bool:
        """Tell whether a segment of so many rows is to have a structure."""
        return super().needs_structure(rows) and rows >= self.list_count(rows)

    def list_count(self, rows: int) -> int:
        """Return how many lists so many rows have."""
        return self.lists or ceil(2 * sqrt(rows))


class InvertedEngine(ApproximateEngine):
    """Finds by lists of codes; see `ApproximateEngine`.

    Attributes
    ----------
    kind
        The four letters with which the file of a structure begins.
    """

    kind: ClassVar[str]

    def __init__(self, settings: InvertedSettings, rows: StoredRows, structure: Path) -> None:
        super().__init__(rows)
        self._settings = settings
        self._lists = read_structure(structure, rows, self.kind, faiss.IO_FLAG_MMAP_IFC)

    def find(self, queries: Vectors, depth: int, selector: Any, widening: float) -> Nearest:
        """Return the rows with the nearest codes in the nearest lists."""
        library: Any = faiss  # its Python constructors differ from their declared types
        count = min(depth * self._settings.rescored, self.rows.count)
        probes = ceil(self._settings.nprobe * widening)
        parameters = library.SearchParametersIVF(nprobe=probes, sel=selector)
        _, rows = self._lists.search(queries, count, params=parameters)
        return rescored(self.rows, queries, rows)


def make_inverted(
    settings: InvertedSettings,
    rows: StoredRows,
    file: Path,
    empty: Callable[[Any, int], Any],
) -> None:
    """Write the lists of all rows.

    Parameters
    ----------
    settings, rows, file
        As `corpus_tuner.indexes.vectors.engines.make_structure` takes them.
    empty
        Makes a FAISS index of a quantizer and a number of lists.
    """
    count = settings.list_count(rows.count)
    quantizer = faiss.IndexFlatIP(rows.dimension)
    lists = empty(quantizer, count)
    lists.cp.spherical = True  # what is compared is inner products
    lists.cp.min_points_per_centroid = 1
    lists.cp.max_points_per_centroid = _POINTS
    lists.train(sample(rows, max(_POINTS * count, _LEAST_SAMPLE)))
    for vectors in blocks(rows):
        lists.add(vectors)
    write_structure(lists, file)
