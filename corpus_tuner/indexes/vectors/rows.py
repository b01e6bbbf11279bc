"""The rows of a segment: vectors in a flat FAISS file, memory-mapped, stored whole or smaller."""

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.representations import Scores, Storage
from corpus_tuner.indexes.vectors import Ordinals, Selection

_THREADS = faiss.omp_get_max_threads()
_QUANTIZERS = {
    "float16": faiss.ScalarQuantizer.QT_fp16,
    "int8": faiss.ScalarQuantizer.QT_8bit_uniform,
}
_DEVIATIONS = 8
"""int8 reaches so many times the deviation that a component of a unit vector has on average. Its
scale is not taken from the vectors, so that one is stored alike whatever else is in its file."""
_ROWS_AT = 8  # in the header of a file: where the number of rows stands


def write_vectors(
    blocks: Iterable[Vectors], rows: int, dimension: int, storage: Storage, output: Path
) -> None:
    """Write a FAISS index of vectors, block by block.

    Parameters
    ----------
    blocks
        float32, every one of shape (vectors, dimension).
    rows
        How many vectors there are in all blocks.
    dimension
        Length of a vector.
    storage
        ``float16`` takes half the space of ``float32``, ``int8`` a quarter, one linear scale for
        all components.
    output
        The file.
    """
    codec = _codec(storage, dimension)
    with output.open("wb") as file:
        file.write(_header(storage, dimension, rows))
        for block in blocks:
            file.write(codec.sa_encode(np.ascontiguousarray(block, np.float32)).tobytes())


class StoredRows:
    """Vectors as they are stored, once, whatever engine finds them.

    FAISS sees the file only if its header is what FAISS itself would write, and its size fits: it
    may end the process where it reads what is damaged.

    Parameters
    ----------
    file
        As `write_vectors` made it.
    dimension, storage
        As they were then.

    Attributes
    ----------
    count
        How many vectors there are.
    dimension
        Their length.
    storage
        How they are kept.
    index
        The flat FAISS index of their inner products.

    Raises
    ------
    SearchIndexError
        If the file cannot be read, or is not of this kind.
    """

    def __init__(self, file: Path, dimension: int, storage: Storage) -> None:
        self.count = _rows_in(file, dimension, storage)
        self.dimension = dimension
        self.storage = storage
        try:
            self.index: Any = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise SearchIndexError(f"{file} is damaged: {reason}") from error
        self._stored = _stored(self.index)

    def select(self, rows: npt.NDArray[np.bool_]) -> Selection:
        """Return what keeps an engine to some rows, shape (count,)."""
        library: Any = faiss  # its Python constructors differ from their declared types
        selector = library.IDSelectorBitmap(np.packbits(rows, bitorder="little"))
        return Selection(int(rows.sum()), rows, selector)

    def vectors(self, rows: Ordinals) -> Vectors:
        """Return some rows as they are stored, float32, shape (rows, dimension)."""
        return self._rows(rows).astype(np.float32)

    def similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        """Return the inner products of a query and some rows.

        Parameters
        ----------
        query
            float32, shape (dimension,).
        rows
            Shape (rows,).

        Returns
        -------
        float64, shape (rows,): summed in an order that does not depend on the other rows, so that
        equal vectors have equal similarities.
        """
        if not len(rows):
            return np.zeros(0)
        # Not by BLAS: its threads and those of FAISS would get in each other's way, and the order
        # in which it sums depends on how many rows there are.
        vectors = self._rows(rows).astype(np.float64)
        found: Scores = np.einsum("rd,d->r", vectors, query.astype(np.float64))
        return found

    def _rows(self, rows: Ordinals) -> npt.NDArray[np.floating[Any]]:
        """Return some rows; FAISS decodes float16 number by number, numpy in far less time."""
        if self._stored is not None:
            return self._stored[rows]
        decoded: Vectors = self.index.reconstruct_batch(rows)
        return decoded


def _stored(index: Any) -> npt.NDArray[np.floating[Any]] | None:
    """Return the vectors of an index as they lie in its file; ``None`` if they must be decoded."""
    count = index.ntotal * index.d
    if not count:
        return None
    if isinstance(index, faiss.IndexFlat):
        whole: npt.NDArray[np.float32] = faiss.rev_swig_ptr(index.get_xb(), count)
        return whole.reshape(index.ntotal, index.d)
    if index.sq.qtype == faiss.ScalarQuantizer.QT_fp16:
        codes: npt.NDArray[np.uint8] = faiss.rev_swig_ptr(index.codes.data(), 2 * count)
        return codes.view(np.float16).reshape(index.ntotal, index.d)
    return None


@contextmanager
def threads(most: int) -> Iterator[None]:
    """Let FAISS have so many threads at most, and then as many as before.

    FAISS gives every thread queries of its own. Threads without any would only be in the way of
    those of the encoder, which have just read the query and wait for the next one.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(_THREADS, most))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def empty_index(storage: Storage, dimension: int) -> Any:
    """Return a flat FAISS index without rows."""
    return faiss.clone_index(_codec(storage, dimension))


@lru_cache
def _codec(storage: Storage, dimension: int) -> Any:
    """Return an empty index, which says how vectors are kept."""
    if storage == "float32":
        return faiss.IndexFlatIP(dimension)
    made: Any = faiss.IndexScalarQuantizer(
        dimension, _QUANTIZERS[storage], faiss.METRIC_INNER_PRODUCT
    )
    if storage == "int8":
        reach = min(1.0, _DEVIATIONS / sqrt(dimension))
        faiss.copy_array_to_vector(np.array([-reach, 2 * reach], np.float32), made.sq.trained)
    made.is_trained = True
    return made


def _header(storage: Storage, dimension: int, rows: int) -> bytes:
    """Return what FAISS writes before the codes of so many vectors."""
    codec = _codec(storage, dimension)
    header = bytearray(faiss.serialize_index(codec).tobytes())
    struct.pack_into("<q", header, _ROWS_AT, rows)
    numbers = rows * (dimension if storage == "float32" else codec.sa_code_size())
    struct.pack_into("<q", header, len(header) - 8, numbers)
    return bytes(header)


def _rows_in(file: Path, dimension: int, storage: Storage) -> int:
    """Return how many vectors a file has, having seen that its header and its size fit."""
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
