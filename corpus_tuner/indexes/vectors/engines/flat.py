"""Every row compared with the query: exact, and nothing kept but the rows."""

from math import ceil
from pathlib import Path
from typing import Any, Literal

import faiss
import numpy as np

from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.vectors import Nearest, Selection
from corpus_tuner.indexes.vectors.engines import EngineSettings
from corpus_tuner.indexes.vectors.rows import StoredRows, threads

_MOST = 0.5
"""Where more than this share of the rows may be found, those that may not are dropped when they
come up: asking a selector about every row costs more."""


class Settings(EngineSettings):
    """There is nothing to set: a search reads all rows, and its time grows with them."""

    name: Literal["flat"] = "flat"


class Engine:
    """Finds by a scan of all rows.

    Parameters
    ----------
    settings, structure
        As every engine is given them; not needed here.
    rows
        The vectors.
    """

    def __init__(
        self, settings: EngineSettings, rows: StoredRows, structure: Path | None = None
    ) -> None:
        self._rows = rows

    def nearest(self, queries: Vectors, depth: int, only: Selection | None = None) -> Nearest:
        """Return the nearest rows for every query."""
        if only is None:
            return self._nearest(queries, depth)
        if depth < only.size and only.size > _MOST * self._rows.count:
            found = self._nearest(queries, ceil(depth * self._rows.count / only.size))
            passing = only.rows[found.rows]
            if passing.any(axis=1).all():
                return found._replace(rows=np.where(passing, found.rows, -1))
        library: Any = faiss  # its Python constructors differ from their declared types
        return self._nearest(queries, depth, library.SearchParameters(sel=only.selector))

    def _nearest(self, queries: Vectors, depth: int, parameters: Any = None) -> Nearest:
        with threads(len(queries)):
            similarities, rows = self._rows.index.search(queries, max(1, depth), params=parameters)
        return Nearest(rows, similarities, exact=True)
