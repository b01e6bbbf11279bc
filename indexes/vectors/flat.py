"""All vectors compared with a query, by FAISS: exact, memory-mapped, stored whole or smaller."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.representations import Scores, Storage
from corpus_tuner.indexes.vectors import Nearest, Ordinals

_BLOCK = 16_384  # vectors
_THREADS = faiss.omp_get_max_threads()
_TRAINING = 65_536  # vectors that int8 takes its ranges from
_QUANTIZERS = {
    "float16": faiss.ScalarQuantizer.QT_fp16,
    "int8": faiss.ScalarQuantizer.QT_8bit,
}


def write_vectors(
    source: npt.NDArray[np.float32], rows: Ordinals, storage: Storage, output: Path
) -> None:
    """Write a FAISS index of some rows of a matrix.

    Parameters
    ----------
    source
        float32, shape (vectors, dimension); may be memory-mapped.
    rows
        Which of them, in the order that they are to have.
    storage
        ``float16`` takes half the space of ``float32``, ``int8`` a quarter, one linear scale for
        every dimension.
    output
        The file.
    """
    dimension = source.shape[1]
    if storage == "float32":
        index: Any = faiss.IndexFlatIP(dimension)
    else:
        index = faiss.IndexScalarQuantizer(
            dimension, _QUANTIZERS[storage], faiss.METRIC_INNER_PRODUCT
        )
    if storage == "int8" and len(rows):
        index.train(source[rows[:: max(1, len(rows) // _TRAINING)][:_TRAINING]])
    for start in range(0, len(rows), _BLOCK):
        index.add(np.ascontiguousarray(source[rows[start : start + _BLOCK]]))
    faiss.write_index(index, str(output))


class FlatVectors:
    """A flat FAISS index of inner products.

    Raises
    ------
    SearchIndexError
        If the file cannot be read.
    """

    exact = True
    filters = True

    def __init__(self, file: Path) -> None:
        try:
            self._index: Any = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise SearchIndexError(f"{file} is damaged: {reason}") from error
        self.rows = int(self._index.ntotal)
        self.dimension = int(self._index.d)
        self._stored = _stored(self._index)

    def nearest(self, queries: Vectors, depth: int, only: Ordinals | None = None) -> Nearest:
        """Return the nearest rows for every query."""
        parameters = None if only is None else _selection(only, self.rows)
        # FAISS gives every thread queries of its own. Threads without any would only be in the way
        # of those of the encoder, which have just read the query and wait for the next one.
        with _threads(min(_THREADS, len(queries))):
            similarities, rows = self._index.search(queries, max(1, depth), params=parameters)
        return Nearest(rows, similarities)

    def vectors(self, rows: Ordinals) -> Vectors:
        """Return some rows as they are stored, float32, shape (rows, dimension)."""
        return self._rows(rows).astype(np.float32)

    def similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        """Return the inner products of a query and some rows."""
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
        decoded: Vectors = self._index.reconstruct_batch(rows)
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
def _threads(count: int) -> Iterator[None]:
    """Let FAISS have so many threads, and then as many as before: the caller may use it, too."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _selection(rows: Ordinals, total: int) -> Any:
    """Return what makes FAISS search only some rows."""
    bits = np.zeros(total, bool)
    bits[rows] = True
    library: Any = faiss  # its Python constructors differ from their declared types
    selector = library.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
    return library.SearchParameters(sel=selector)
