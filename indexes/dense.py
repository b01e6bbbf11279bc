"""Vectors in FAISS: searched exactly, memory-mapped, stored whole or smaller."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from indexes.encoders import Vectors
from indexes.errors import SearchIndexError
from indexes.representations import SCORE_DECIMALS, Parts, Representation, Scores, Storage

Ordinals = npt.NDArray[np.int64]

_BLOCK = 16_384  # vectors
_TRAINING = 65_536  # vectors that int8 takes its ranges from
_QUANTIZERS = {
    "float16": faiss.ScalarQuantizer.QT_fp16,
    "int8": faiss.ScalarQuantizer.QT_8bit,
}


def write_vectors(raw: Path, dimension: int, storage: Storage, output: Path) -> None:
    """Turn float32 vectors, as raw bytes in file `raw`, into a FAISS index in file `output`.

    ``float16`` takes half the space of ``float32``, ``int8`` a quarter, one linear scale for each
    dimension.
    """
    if storage == "float32":
        index: Any = faiss.IndexFlatIP(dimension)
    else:
        index = faiss.IndexScalarQuantizer(
            dimension, _QUANTIZERS[storage], faiss.METRIC_INNER_PRODUCT
        )
    vectors = np.memmap(raw, "<f4", "r").reshape(-1, dimension) if raw.stat().st_size else None
    if vectors is not None:
        if storage == "int8":
            index.train(vectors[:: max(1, len(vectors) // _TRAINING)][:_TRAINING])
        for start in range(0, len(vectors), _BLOCK):
            index.add(vectors[start : start + _BLOCK])
    faiss.write_index(index, str(output))


class DenseSegment:
    """The vectors of one representation in one segment, and which document each belongs to.

    Parameters
    ----------
    folder
        Of the segment: ``NAME.faiss``, the vectors, document after document; ``NAME.views.npy``,
        int32, the view of each; ``NAME.starts.npy``, int64, the first vector of each document and
        the end.
    representation
        Says how a document is scored.
    dimension
        What the vectors' length must be.

    Raises
    ------
    SearchIndexError
        If the files cannot be read or do not fit each other.
    """

    def __init__(self, folder: Path, representation: Representation, dimension: int) -> None:
        name = representation.name
        try:
            self._index: Any = faiss.read_index(
                str(folder / f"{name}.faiss"), faiss.IO_FLAG_MMAP_IFC
            )
            self._views: npt.NDArray[np.int32] = np.load(folder / f"{name}.views.npy", "r")
            self._starts: Ordinals = np.load(folder / f"{name}.starts.npy", "r")
        except (RuntimeError, ValueError, OSError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise SearchIndexError(f"{folder} is damaged: {reason}") from error
        rows = self._index.ntotal
        if (
            self._index.d != dimension
            or self._views.shape != (rows,)
            or self._starts.ndim != 1
            or self._starts[-1:].tolist() != [rows]
        ):
            raise SearchIndexError(f"the files {folder / name}.* do not fit each other")
        self.representation = representation

    def top_documents(self, queries: Vectors, k: int, weight: float) -> list[Ordinals]:
        """Find the best documents for each query.

        The first rows that FAISS finds name some documents. No document scores more than its best
        row, so all that could reach the `k`-th of these have a row that does: when some of
        those were not among the first rows, they are fetched as well.

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        k
            How many documents; all that tie with the last one are returned as well, so that the
            caller can break ties by document id.
        weight
            Of the views in a document's score.

        Returns
        -------
        The documents' ordinals for each query, in ascending order.
        """
        total = self._index.ntotal
        documents = len(self._starts) - 1
        if not total:
            return [np.zeros(0, np.int64) for _ in queries]
        # A few more rows than documents are wanted, for ties and documents with several rows.
        depth = min(total, 16 + k * min(4, -(-total // documents)))
        similarities, rows = self._index.search(queries, depth)
        found = []
        for query, own_similarities, own_rows in zip(queries, similarities, rows, strict=True):
            some = np.unique(self._owners(own_rows))
            scores = self.parts(query, some).mixed(weight)
            kth = np.partition(scores, -k)[-k] if len(scores) >= k else -np.inf
            if depth < total and own_similarities[-1] >= kth - 10.0**-SCORE_DECIMALS:
                some = np.unique(self._owners(self._rows_above(query, float(kth), total)))
                scores = self.parts(query, some).mixed(weight)
                kth = np.partition(scores, -k)[-k] if len(scores) >= k else -np.inf
            found.append(some[scores >= kth])
        return found

    def parts(self, query: Vectors, documents: Ordinals) -> Parts:
        """Score documents on all their rows.

        Parameters
        ----------
        query
            float32, shape (dimension,).
        documents
            Ordinals, shape (documents,).
        """
        rows, starts = self._rows_of(documents)
        return self.representation.parts(self._similarities(query, rows), starts)

    def best_view(self, query: Vectors | None, document: int) -> int:
        """Return the view, by its ordinal, of the document's row that is nearest to the query.

        Without a query it is the passage.
        """
        if query is None:
            return int(self._views[self._starts[document]])
        views, similarities = self.rows(query, document)
        return int(views[similarities.argmax()])

    def rows(self, query: Vectors, document: int) -> tuple[npt.NDArray[np.int32], Scores]:
        """Return the view, by its ordinal, and the similarity of each of a document's rows."""
        rows, _ = self._rows_of(np.array([document]))
        return self._views[rows], self._similarities(query, rows)

    def _similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        similarities: Scores = self._index.reconstruct_batch(rows) @ query
        return np.round(similarities, SCORE_DECIMALS)

    def _rows_above(self, query: Vectors, score: float, total: int) -> Ordinals:
        """Return all rows at least as near to the query as `score`."""
        if not np.isfinite(score):
            return np.arange(total)
        # FAISS wants a bound that is exceeded, and computes in another order than we do.
        _, _, rows = self._index.range_search(query[None], score - 2 * 10.0**-SCORE_DECIMALS)
        return np.asarray(rows)

    def _owners(self, rows: Ordinals) -> Ordinals:
        """Return the documents that rows belong to."""
        return np.searchsorted(self._starts, rows, side="right") - 1

    def _rows_of(self, documents: Ordinals) -> tuple[Ordinals, Ordinals]:
        """Return the rows of documents, one document after the other, and where each begins."""
        first = np.asarray(self._starts[documents])
        counts = self._starts[documents + 1] - first
        starts = np.cumsum(counts) - counts
        return np.repeat(first - starts, counts) + np.arange(counts.sum()), starts
