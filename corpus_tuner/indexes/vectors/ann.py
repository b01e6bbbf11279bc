"""Approximate nearest-neighbour (ANN) indexes of the vectors of a segment, by FAISS.

An ANN index finds candidates. Their similarities are computed from the stored vectors, so that
scores are those of an exact search, but a row may be missed.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import faiss
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import DAMAGED, DamagedError, SearchIndexError
from corpus_tuner.indexes.vectors import Neighbors, Ordinals
from corpus_tuner.indexes.vectors.rows import (
    StoredRows,
    create_storage,
    limit_threads,
    make_selector,
)

FLAT = "flat"
SearchParameters = dict[str, PositiveInt]
"""How far a search of an ANN index looks: ``ef_search`` of a graph, ``nprobe`` of inverted lists,
and ``rescore``, the number of candidates per wanted row whose similarity is computed exactly."""

_PRESETS = {"hnsw": "HNSW32", "ivf_sq8": "IVF{lists},SQ8"}
_NAME = re.compile(r"HNSW([1-9]\d*)|IVF([1-9]\d*),(Flat|SQ8|RaBitQ)")
_EF_CONSTRUCTION = 200
_MOST_RAISED = 64
"""Search parameters are raised to this many times their first values at most."""
_TRAINING_ROWS = 65_536
_ROWS_PER_CENTROID = 64
_SAMPLE_SEED = 0
_BLOCK = 16_384  # rows
_WRITE_BUFFER = 1 << 20  # bytes
_SMALL_SHARE = 0.1
"""If a filter passes a smaller share of the rows than this, they are searched exactly: that is
quick, and an ANN index would have to look the further, the fewer rows pass."""
_LARGE_DEPTH = 0.25
"""If a larger share of the rows than this is wanted, they are searched exactly."""
_DOUBLINGS = 6
"""If too few rows are found, the search is repeated, twice as wide, this many times at most."""


class VectorSettings(BaseModel):
    """Nearest-neighbour search of vectors.

    Attributes
    ----------
    index
        ``flat`` compares a query with all vectors. Approximate are ``hnsw`` (a graph), ``ivf_sq8``
        (inverted lists of 8-bit codes), ``HNSW<links>`` and ``IVF<lists>`` with ``,Flat``, ``,SQ8``
        or ``,RaBitQ`` (docs/guide/scale.md).
    recall
        Minimum recall@100 of an approximate search, compared with exact search. A build raises the
        search parameters until it is reached.
    min_rows
        Minimum number of vectors for which a segment gets an approximate index; smaller segments
        are searched exactly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    index: str = FLAT
    recall: Annotated[float, Field(gt=0, le=1)] = 0.99
    min_rows: PositiveInt = 10_000

    @field_validator("index")
    @classmethod
    def _check_index(cls, index: str) -> str:
        if index not in (FLAT, *_PRESETS) and not _NAME.fullmatch(index):
            raise ValueError(
                f"{index!r} is not one of {FLAT}, {', '.join(_PRESETS)}, HNSW<links>, or "
                "IVF<lists> with ,Flat, ,SQ8 or ,RaBitQ"
            )
        return index

    @property
    def is_graph(self) -> bool:
        """Whether the ANN indexes are graphs (HNSW)."""
        return self.index.lower().startswith("hnsw")

    def needs_index(self, rows: int) -> bool:
        """Tell whether a segment of this many rows is to have an ANN index."""
        name = _NAME.fullmatch(self.index)
        lists = int(name[2] or 1) if name else 1  # as many rows are needed to train them
        return self.index != FLAT and rows >= max(self.min_rows, lists)

    def get_first_parameters(self) -> SearchParameters:
        """Return the search parameters with which raising them begins."""
        if self.index == FLAT:
            return {}
        if self.is_graph:
            return {"ef_search": 64}
        return {"nprobe": 16, "rescore": 8 if self.index.endswith("RaBitQ") else 2}

    def raise_parameters(self, parameters: SearchParameters) -> Iterator[SearchParameters]:
        """Yield parameters of wider searches: one of the given ones doubled in each."""
        first = self.get_first_parameters()
        for name, value in parameters.items():
            most = _MOST_RAISED * first[name]
            if value < most:
                yield {**parameters, name: min(2 * value, most)}


class AnnIndex:
    """ANN index of the rows of a segment; searches exactly where that is as quick.

    FAISS reads the file only if it begins as one of these rows does: it may end the process where
    it reads damaged data.

    Parameters
    ----------
    rows
        Stored vectors.
    file
        File that `build_ann_index` wrote for them.
    index
        Kind of the index, as `VectorSettings` has it.
    parameters
        Search parameters.

    Raises
    ------
    SearchIndexError
        If the file cannot be read, or belongs to other rows.
    """

    def __init__(
        self, rows: StoredRows, file: Path, index: str, parameters: SearchParameters
    ) -> None:
        self._rows = rows
        self._parameters = parameters
        empty = _create(index, rows)
        kind = faiss.serialize_index(empty)[:4].tobytes()
        self._index = _read(file, rows, kind)
        self._is_graph = isinstance(self._index, faiss.IndexHNSW)
        if self._is_graph:
            if not _has_valid_links(self._index.hnsw, rows.count):
                raise SearchIndexError(f"{file} links vectors that do not exist: {DAMAGED}")
            self._index.own_fields = False
            self._index.storage = rows.index

    def search(
        self, queries: Vectors, depth: int, allowed: npt.NDArray[np.bool_] | None = None
    ) -> Neighbors:
        """Return nearly all nearest rows of every query; parameters as `StoredRows.search`."""
        total = self._rows.count
        size = total if allowed is None else int(np.count_nonzero(allowed))
        if size < _SMALL_SHARE * total or depth > _LARGE_DEPTH * size:
            return self._rows.search(queries, depth, allowed)
        selector = None if allowed is None else make_selector(allowed)
        widening = total / size
        with limit_threads(len(queries)):
            found = self._search(queries, depth, selector, widening)
            for _ in range(_DOUBLINGS):
                short = np.flatnonzero((found.rows >= 0).sum(axis=1) < depth)
                if not len(short):
                    break
                widening *= 2
                again = self._search(queries[short], depth, selector, widening)
                found.rows[short], found.similarities[short] = again.rows, again.similarities
        return found

    def _search(self, queries: Vectors, depth: int, selector: Any, widening: float) -> Neighbors:
        """Search once, `widening` times as far as without a filter."""
        library: Any = faiss  # its Python constructors differ from their declared types
        total = self._rows.count
        if self._is_graph:
            count = min(max(depth, self._parameters["ef_search"]), total)
            sight = min(math.ceil(count * widening), total)
            parameters = library.SearchParametersHNSW(efSearch=sight, sel=selector)
            similarities, rows = self._index.search(queries, count, params=parameters)
            return Neighbors(rows, similarities, exact=False)
        probes = math.ceil(self._parameters["nprobe"] * widening)
        parameters = library.SearchParametersIVF(nprobe=probes, sel=selector)
        count = min(depth * self._parameters["rescore"], total)
        _, rows = self._index.search(queries, count, params=parameters)
        return _rescore(self._rows, queries, rows)


def build_ann_index(settings: VectorSettings, rows: StoredRows, file: Path) -> None:
    """Write the ANN index of all rows; the same rows give the same file.

    Raises
    ------
    SearchIndexError
        If FAISS cannot build such an index of these rows.
    """
    library: Any = faiss
    try:
        index = _create(settings.index, rows)
        if not index.is_trained:
            index.train(_sample(rows, index.nlist))
        # Several threads would not link a graph alike each time.
        with limit_threads(1 if settings.is_graph else _BLOCK):
            for start in range(0, rows.count, _BLOCK):
                index.add(rows.vectors(np.arange(start, min(start + _BLOCK, rows.count))))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise SearchIndexError(f"cannot build the ANN index {settings.index}: {reason}") from error
    flags = faiss.IO_FLAG_SKIP_STORAGE if settings.is_graph else 0
    with file.open("wb") as opened:
        writer = library.PyCallbackIOWriter(opened.write, _WRITE_BUFFER)
        library.write_index(index, writer, flags)


def _create(name: str, rows: StoredRows) -> Any:
    """Return an empty FAISS index for some rows; a graph uses their storage."""
    library: Any = faiss
    lists = min(rows.count, math.ceil(2 * math.sqrt(rows.count)))
    factory = _PRESETS.get(name, name).format(lists=lists)
    if factory.startswith("HNSW"):
        links = int(factory.removeprefix("HNSW"))
        graph = library.IndexHNSW(create_storage(rows.storage, rows.dimension), links)
        graph.hnsw.efConstruction = _EF_CONSTRUCTION
        return graph
    index = library.index_factory(rows.dimension, factory, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical = True  # inner products are compared
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = _ROWS_PER_CENTROID
    return index


def _sample(rows: StoredRows, lists: int) -> Vectors:
    """Return rows for training, chosen at random with a fixed seed."""
    most = max(_ROWS_PER_CENTROID * lists, _TRAINING_ROWS)
    if rows.count <= most:
        return rows.vectors(np.arange(rows.count))
    chosen = np.random.default_rng(_SAMPLE_SEED).choice(rows.count, most, replace=False)
    return rows.vectors(np.sort(chosen))


def _read(file: Path, rows: StoredRows, kind: bytes) -> Any:
    """Map a FAISS index of some rows into memory, if the file has the header of one."""
    expected = kind + np.int32(rows.dimension).tobytes() + np.int64(rows.count).tobytes()
    try:
        with file.open("rb") as opened:
            found = opened.read(len(expected))
    except OSError as error:
        raise SearchIndexError(f"cannot read {file}: {error.strerror}") from error
    if found != expected:
        raise SearchIndexError(
            f"{file} does not index {rows.count:,} vectors of {rows.dimension} dimensions: "
            f"{DAMAGED}"
        )
    try:
        return faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, MemoryError) as error:
        reason = str(error).strip().splitlines()[-1:] or ["too large"]
        raise SearchIndexError(f"{file} is damaged ({reason[0]}): {DAMAGED}") from error


def _has_valid_links(graph: Any, rows: int) -> bool:
    """Tell whether all links of a graph lead to rows: FAISS follows them without a check."""
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


def _rescore(rows: StoredRows, queries: Vectors, candidates: Ordinals) -> Neighbors:
    """Order candidates, -1 where there is none, by the similarities of the stored vectors."""
    if candidates.max(initial=-1) >= rows.count:
        raise DamagedError(f"an ANN index names vectors that do not exist: {DAMAGED}")
    similarities = np.full(candidates.shape, -np.inf, np.float32)
    for query, own, found in zip(queries, candidates, similarities, strict=True):
        real = own >= 0
        found[real] = np.einsum("rd,d->r", rows.vectors(own[real]), query)
    order = np.argsort(-similarities, axis=1, kind="stable")
    return Neighbors(
        np.take_along_axis(candidates, order, axis=1),
        np.take_along_axis(similarities, order, axis=1),
        exact=False,
    )
