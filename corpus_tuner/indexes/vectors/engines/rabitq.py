"""Inverted lists of codes of a bit a component, which bound how far they may be wrong.

The smallest structure; its codes tell the least, so that more rows are compared exactly.
Source: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
for Approximate Nearest Neighbor Search", SIGMOD 2024.
"""

from pathlib import Path
from typing import Any, Literal

import faiss
from pydantic import PositiveInt

from corpus_tuner.indexes.vectors.inverted import InvertedEngine, InvertedSettings, make_inverted
from corpus_tuner.indexes.vectors.rows import StoredRows


class Settings(InvertedSettings):
    """Settings of lists; the codes have none: ``dimension / 8 + 16`` bytes a row, about."""

    name: Literal["rabitq"] = "rabitq"
    rescored: PositiveInt = 8


class Engine(InvertedEngine):
    """Finds by lists of codes; see `InvertedEngine`."""

    kind = "Iwrq"


def make(settings: Settings, rows: StoredRows, file: Path) -> None:
    """Write the lists of all rows."""

    def empty(quantizer: Any, count: int) -> Any:
        library: Any = faiss
        return library.IndexIVFRaBitQ(quantizer, rows.dimension, count, faiss.METRIC_INNER_PRODUCT)

    make_inverted(settings, rows, file, empty)
