"""A graph of near rows, along which a search walks to the nearest.

Links alone are stored: the rows themselves are what is compared, so similarities
are exact and nothing is rescored. Quick where few rows need be in sight, and the longest to build.
Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
Hierarchical Navigable Small World graphs", IEEE TPAMI 2020.
"""

from math import ceil
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import faiss
import numpy as np
from pydantic import Field, PositiveInt

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.vectors import Nearest
from corpus_tuner.indexes.vectors.approximate import (
    ApproximateEngine,
    ApproximateSettings,
    blocks,
    read_structure,
    write_structure,
)
from corpus_tuner.indexes.vectors.rows import StoredRows, empty_index, threads


class Settings(ApproximateSettings):
    """Settings of the graph.

    Attributes
    ----------
    links
        Of a row to others, twice as many on the lowest level: some ``8 * links + 16`` bytes a row.
        More find more, above all in many dimensions, and take longer to build and to search.
    ef_construction
        Rows that are looked at for the links of one. The time of a build grows with it; the
        structure does not.
    ef_search
        Rows that a search keeps in sight, at least as many as are wanted. The time of a search
        grows with it; raised for `recall`.
    """

    knobs: ClassVar[frozenset[str]] = frozenset({"ef_search"})

    name: Literal["hnsw"] = "hnsw"
    links: Annotated[int, Field(ge=2)] = 32
    ef_construction: PositiveInt = 200
    ef_search: PositiveInt = 64


class Engine(ApproximateEngine):
    """Finds by a graph; see `ApproximateEngine`."""

    def __init__(self, settings: Settings, rows: StoredRows, structure: Path) -> None:
        super().__init__(rows)
        self._settings = settings
        self._graph = read_structure(structure, rows, "IH00", faiss.IO_FLAG_MMAP_IFC)
        if not _fits(self._graph.hnsw, rows.count):
            raise SearchIndexError(f"{structure} links vectors that there are not: {DAMAGED}")
        self._graph.own_fields = False
        self._graph.storage = rows.index

    def find(self, queries: Vectors, depth: int, selector: Any, widening: float) -> Nearest:
        """Return the nearest rows that the graph leads to, all that are kept in sight."""
        library: Any = faiss  # its Python constructors differ from their declared types
        sight = min(max(depth, self._settings.ef_search), self.rows.count)
        wider = min(ceil(sight * widening), self.rows.count)
        parameters = library.SearchParametersHNSW(efSearch=wider, sel=selector)
        similarities, rows = self._graph.search(queries, sight, params=parameters)
        return Nearest(rows, similarities, exact=False)


def _fits(graph: Any, rows: int) -> bool:
    """Tell whether the links of a graph stay within it: FAISS follows them wherever they lead."""
    levels, offsets, ends = (
        faiss.vector_to_array(values)
        for values in (graph.levels, graph.offsets, graph.cum_nneighbor_per_level)
    )
    if len(levels) != rows or len(offsets) != rows + 1 or not 0 <= graph.entry_point < rows:
        return False
    if not 1 <= levels.min() <= levels.max() == graph.max_level + 1 < len(ends):
        return False
    links = faiss.rev_swig_ptr(graph.neighbors.data(), graph.neighbors.size())
    fits = (
        offsets[0] == 0 and offsets[-1] == len(links) and (np.diff(offsets) == ends[levels]).all()
    )
    return bool(fits and (np.diff(ends) >= 0).all() and -1 <= links.min() <= links.max() < rows)


def make(settings: Settings, rows: StoredRows, file: Path) -> None:
    """Write the links of all rows; by one thread, since several would not link alike each time."""
    library: Any = faiss
    storage = empty_index(rows.storage, rows.dimension)
    graph = library.IndexHNSW(storage, settings.links)
    graph.hnsw.efConstruction = settings.ef_construction
    with threads(1):
        for vectors in blocks(rows):
            graph.add(vectors)
    write_structure(graph, file, faiss.IO_FLAG_SKIP_STORAGE)
