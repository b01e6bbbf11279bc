"""Flat inner-product vectors in FAISS: exact, and memory-mapped when searched."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from indexes.encoders import Vectors
from indexes.errors import SearchIndexError

SCORE_DECIMALS = 6
"""Scores are rounded to this: a float32 inner product is no more exact, and its last bits depend
on how many queries are searched at once."""

_BLOCK = 16_384  # vectors


def write_flat(raw: Path, dimension: int, output: Path) -> None:
    """Turn float32 vectors, as raw bytes in file `raw`, into a FAISS index in file `output`."""
    index = faiss.IndexFlatIP(dimension)
    with raw.open("rb") as file:
        while block := file.read(_BLOCK * dimension * 4):
            index.add(np.frombuffer(block, dtype="<f4").reshape(-1, dimension))
    faiss.write_index(index, str(output))


class DenseSegment:
    """The vectors of one representation in one segment, and which document each belongs to.

    Parameters
    ----------
    vectors
        A FAISS file.
    rows
        An ``.npy`` file, int32 of shape (rows, 2): document and view of each vector.
    dimension
        What the vectors' length must be.

    Raises
    ------
    SearchIndexError
        If the files cannot be read or do not fit each other.
    """

    def __init__(self, vectors: Path, rows: Path, dimension: int) -> None:
        try:
            self._index: Any = faiss.read_index(str(vectors), faiss.IO_FLAG_MMAP_IFC)
            self._rows: npt.NDArray[np.int32] = np.load(rows, mmap_mode="r", allow_pickle=False)
        except (RuntimeError, ValueError, OSError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise SearchIndexError(f"{vectors.parent} is damaged: {reason}") from error
        if self._index.d != dimension or self._rows.shape != (self._index.ntotal, 2):
            raise SearchIndexError(f"{vectors} and {rows.name} do not fit each other")

    def top_documents(self, queries: Vectors, k: int) -> list[list[tuple[int, int, float]]]:
        """Find the best documents for each query.

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        k
            How many documents; all that tie with the last one are returned as well, so that the
            caller can break ties by document id.

        Returns
        -------
        For each query ``(document, view, score)``, best score first.
        """
        found: list[list[tuple[int, int, float]]] = [[] for _ in queries]
        pending = np.arange(len(queries))
        total = self._index.ntotal
        depth = min(total, k + 16)  # some more, for ties and documents with several rows
        while len(pending) and total:
            all_scores, all_rows = self._index.search(queries[pending], depth)
            again = []
            for query, scores, rows in zip(
                pending, np.round(all_scores, SCORE_DECIMALS), all_rows, strict=True
            ):
                best = self._best_rows(scores, rows)
                # A row not fetched scores no more than the last one fetched.
                sure = sum(score > scores[-1] for _, _, score in best)
                if depth < total and sure < k:
                    again.append(query)
                else:
                    floor = best[k - 1][2] if len(best) > k else -np.inf
                    found[query] = [hit for hit in best if hit[2] >= floor]
            pending = np.array(again, dtype=pending.dtype)
            depth = min(total, depth * 4)
        return found

    def _best_rows(
        self, scores: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]
    ) -> list[tuple[int, int, float]]:
        """Keep each document's best row (the first view among equals), in order of score."""
        best: dict[int, tuple[int, float]] = {}
        for (document, view), score in zip(self._rows[rows].tolist(), scores.tolist(), strict=True):
            kept = best.get(document)
            if kept is None or (score == kept[1] and view < kept[0]):
                best[document] = (view, score)
        return [(document, view, score) for document, (view, score) in best.items()]
