"""Stored rows: the vectors of a segment in a flat, memory-mapped FAISS file."""

import math
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import faiss
import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.representations import Scores, Storage
from corpus_tuner.indexes.vectors import Neighbors, Ordinals

_THREADS = faiss.omp_get_max_threads()
_QUANTIZERS = {
    "float16": faiss.ScalarQuantizer.QT_fp16,
    "int8": faiss.ScalarQuantizer.QT_8bit_uniform,
}
_DEVIATIONS = 8
"""int8 covers this many standard deviations of a component of a unit vector. Its scale is not
learnt from the vectors, so that a vector is stored alike whatever else is in its file."""
_ROWS_OFFSET = 8
"""Offset of the number of rows in the header of a FAISS file."""
_Float = TypeVar("_Float", bound=np.floating[Any])
_ROWS_AT_ONCE = 256  # so that they stay in the cache of the processor
_LARGE_SHARE = 0.5
"""If a filter passes more than this share of the rows, others are dropped from the result: asking
a selector about every row takes longer."""


def vectors_file(folder: Path, representation: str) -> Path:
    """Return the file of a representation's vectors in a segment."""
    return folder / f"{representation}.faiss"


def ann_index_file(folder: Path, representation: str, generation: int) -> Path:
    """Return the file of the ANN index that a segment has since a commit."""
    return folder / f"{representation}.ann.{generation:06}.faiss"


def row_views_file(folder: Path, representation: str) -> Path:
    """Return the file with the view of every vector, the least unsigned type, shape (rows,)."""
    return folder / f"{representation}.views.npy"


def row_starts_file(folder: Path, representation: str) -> Path:
    """Return the file with the first row of every document and the end, int64, (documents + 1,)."""
    return folder / f"{representation}.starts.npy"


def write_vectors(
    blocks: Iterable[Vectors], rows: int, dimension: int, storage: Storage, output: Path
) -> None:
    """Write a flat FAISS index of `rows` vectors, in float32 blocks of shape (vectors, dimension).

    ``int8`` has one linear scale for all components.
    """
    codec = _codec(storage, dimension)
    with output.open("wb") as file:
        file.write(_header(storage, dimension, rows))
        for block in blocks:
            file.write(codec.sa_encode(np.ascontiguousarray(block, np.float32)).tobytes())


class StoredRows:
    """Stored vectors of a segment, with exact nearest-neighbour search.

    FAISS reads the file only if its header is what FAISS itself would write, and its size fits: it
    may end the process where it reads damaged data.

    Parameters
    ----------
    file
        File that `write_vectors` wrote.
    dimension, storage
        Values that it was written with.

    Attributes
    ----------
    count
        Number of vectors.
    dimension
        Length of a vector.
    storage
        Type of the stored components.
    index
        Flat FAISS index of inner products.

    Raises
    ------
    SearchIndexError
        If the file cannot be read, or is of another kind.
    """

    def __init__(self, file: Path, dimension: int, storage: Storage) -> None:
        self.count = _count_rows(file, dimension, storage)
        self.dimension = dimension
        self.storage = storage
        try:
            self.index: Any = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise SearchIndexError(f"{file} is damaged: {reason}") from error
        self._array = _view_array(self.index, storage)

    def search(
        self, queries: Vectors, depth: int, allowed: npt.NDArray[np.bool_] | None = None
    ) -> Neighbors:
        """Return the nearest rows of every query by a scan of all rows.

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        depth
            Number of rows for each; more may be returned.
        allowed
            Rows that may be found, shape (count,); all by default.
        """
        if allowed is None:
            return self._scan(queries, depth)
        size = int(np.count_nonzero(allowed))
        if depth < size and size > _LARGE_SHARE * self.count:
            found = self._scan(queries, math.ceil(depth * self.count / size))
            passing = allowed[found.rows]
            if passing.any(axis=1).all():
                return found._replace(rows=np.where(passing, found.rows, -1))
        library: Any = faiss  # its Python constructors differ from their declared types
        selector = make_selector(allowed)
        return self._scan(queries, depth, library.SearchParameters(sel=selector))

    def vectors(self, rows: Ordinals) -> Vectors:
        """Return some rows as they are stored, float32, shape (rows, dimension)."""
        return self._decode(rows).astype(np.float32)

    def similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        """Return the inner products of a query, shape (dimension,), and rows, shape (rows,).

        They are float64, summed in an order that does not depend on the other rows, so that equal
        vectors have equal similarities.
        """
        exact = query.astype(np.float64)
        return self._multiply(exact, rows, lambda some: self._decode(some).astype(np.float64))

    def estimate_similarities(self, query: Vectors, rows: Ordinals) -> npt.NDArray[np.float32]:
        """Return what `similarities` does, in float32: right to about 1e-6, and much faster."""
        found = self._multiply(query, rows, lambda some: self._array[some].astype(np.float32))
        if self.storage != "int8":
            return found
        lowest, step = _int8_scale(self.dimension)
        return found * np.float32(step) + np.float32((lowest + step / 2) * float(query.sum()))

    def _multiply(
        self,
        query: npt.NDArray[_Float],
        rows: Ordinals,
        read: Callable[[Ordinals], npt.NDArray[_Float]],
    ) -> npt.NDArray[_Float]:
        """Return the inner products of a query and rows, of some rows at a time."""
        found = np.zeros(len(rows), query.dtype)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            # Not by BLAS: its threads and those of FAISS would get in each other's way, and the
            # order in which it sums depends on the number of rows.
            np.einsum("rd,d->r", read(rows[some]), query, out=found[some])
        return found

    def _scan(self, queries: Vectors, depth: int, parameters: Any = None) -> Neighbors:
        with limit_threads(len(queries)):
            similarities, rows = self.index.search(queries, max(1, depth), params=parameters)
        return Neighbors(rows, similarities, exact=True)

    def _decode(self, rows: Ordinals) -> npt.NDArray[np.floating[Any]]:
        """Return some rows; numpy decodes them far faster than FAISS."""
        if self.storage != "int8":
            return self._array[rows]
        lowest, step = _int8_scale(self.dimension)
        return self._array[rows] * np.float32(step) + np.float32(lowest + step / 2)


def make_selector(allowed: npt.NDArray[np.bool_]) -> Any:
    """Return the ID selector of FAISS for the rows that may be found."""
    library: Any = faiss
    return library.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


@contextmanager
def limit_threads(most: int) -> Iterator[None]:
    """Limit the threads of FAISS.

    FAISS gives every thread queries of its own. Threads without any would only be in the way of
    those of the encoder.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(_THREADS, most))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def create_storage(storage: Storage, dimension: int) -> Any:
    """Return an empty flat FAISS index."""
    return faiss.clone_index(_codec(storage, dimension))


def _view_array(index: Any, storage: Storage) -> npt.NDArray[Any]:
    """Return the mapped components of an index as an array of shape (vectors, dimension)."""
    dtype = np.dtype(np.uint8 if storage == "int8" else storage)
    size = dtype.itemsize * index.ntotal * index.d
    codes: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
    if size:
        codes = faiss.rev_swig_ptr(index.codes.data(), size)
    return codes.view(dtype).reshape(index.ntotal, index.d)


def _int8_scale(dimension: int) -> tuple[float, float]:
    """Return the lowest value and the distance of neighbouring values of int8 components."""
    reach = min(1.0, _DEVIATIONS / math.sqrt(dimension))
    return -reach, 2 * reach / 255


@lru_cache
def _codec(storage: Storage, dimension: int) -> Any:
    """Return the empty FAISS index that encodes vectors."""
    if storage == "float32":
        return faiss.IndexFlatIP(dimension)
    codec: Any = faiss.IndexScalarQuantizer(
        dimension, _QUANTIZERS[storage], faiss.METRIC_INNER_PRODUCT
    )
    if storage == "int8":
        lowest = _int8_scale(dimension)[0]
        faiss.copy_array_to_vector(np.array([lowest, -2 * lowest], np.float32), codec.sq.trained)
    codec.is_trained = True
    return codec


def _header(storage: Storage, dimension: int, rows: int) -> bytes:
    """Return the bytes that FAISS writes before the codes of this many vectors."""
    codec = _codec(storage, dimension)
    header = bytearray(faiss.serialize_index(codec).tobytes())
    struct.pack_into("<q", header, _ROWS_OFFSET, rows)
    numbers = rows * (dimension if storage == "float32" else codec.sa_code_size())
    struct.pack_into("<q", header, len(header) - 8, numbers)
    return bytes(header)


def _count_rows(file: Path, dimension: int, storage: Storage) -> int:
    """Return the number of vectors of a file whose header and size fit."""
    header = _header(storage, dimension, 0)
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            found = opened.read(len(header))
    except OSError as error:
        raise SearchIndexError(f"cannot read {file}: {error.strerror}") from error
    rows, rest = divmod(size - len(header), _codec(storage, dimension).sa_code_size())
    if rows < 0 or rest or found != _header(storage, dimension, rows):
        raise SearchIndexError(
            f"{file} is damaged: it has no {storage} vectors of {dimension} dimensions"
        )
    return int(rows)
