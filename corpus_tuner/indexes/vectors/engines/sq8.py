"""Every row compared with the query by a byte a component, and the best of them by the row itself.

A scan like `flat`, of half the bytes: where vectors are too many to be read in float16 for every
query, and too few or too often changed for a structure that takes long to build.
"""

from pathlib import Path
from typing import Any, ClassVar, Literal

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

_SAMPLE = 65_536  # rows whose components say from where to where these reach


class Settings(ApproximateSettings):
    """Settings of codes of a byte a component.

    Attributes
    ----------
    rescored
        Rows that are found by their codes and compared exactly, for every row wanted. Each costs
        reading it, from anywhere in the file; raised for `recall`.
    """

    knobs: ClassVar[frozenset[str]] = frozenset({"rescored"})

    name: Literal["sq8"] = "sq8"
    rescored: PositiveInt = 2


class Engine(ApproximateEngine):
    """Finds by codes; see `ApproximateEngine`."""

    def __init__(self, settings: Settings, rows: StoredRows, structure: Path) -> None:
        super().__init__(rows)
        self._settings = settings
        self._codes = read_structure(structure, rows, "IxSQ", faiss.IO_FLAG_MMAP_IFC)

    def find(self, queries: Vectors, depth: int, selector: Any, widening: float) -> Nearest:
        """Return the rows with the nearest codes."""
        library: Any = faiss  # its Python constructors differ from their declared types
        count = min(depth * self._settings.rescored, self.rows.count)
        parameters = library.SearchParameters(sel=selector)
        _, rows = self._codes.search(queries, count, params=parameters)
        return rescored(self.rows, queries, rows)


def make(settings: Settings, rows: StoredRows, file: Path) -> None:
    """Write the codes of all rows."""
    codes = faiss.IndexScalarQuantizer(
        rows.dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    codes.train(sample(rows, _SAMPLE))
    for vectors in blocks(rows):
        codes.add(vectors)
    write_structure(codes, file)
