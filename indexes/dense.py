"""Vectors in FAISS: searched exactly, memory-mapped, stored whole or smaller."""

from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from indexes.encoders import Vectors
from indexes.errors import SearchIndexError
from indexes.representations import SCORE_DECIMALS, Parts, Representation, Scores, Storage

Ordinals = npt.NDArray[np.int64]

_ROWS_FOR_ONE = 12
"""Rows fetched for each document wanted: seldom are more needed."""
_FARTHEST = -1e9  # finite, so that means can be taken
_EPSILON = 2 * 10.0**-SCORE_DECIMALS
_BLOCK = 16_384  # vectors
_THREADS = faiss.omp_get_max_threads()
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


class Seen(NamedTuple):
    """The rows that are nearest to a query.

    Attributes
    ----------
    rows
        In ascending order.
    similarities
        Of these.
    bound
        No other row is nearer than this; ``-inf`` if there is no other.
    """

    rows: Ordinals
    similarities: Scores
    bound: float


class Near(NamedTuple):
    """The documents that are nearest to a query.

    Attributes
    ----------
    documents
        Ordinals, in ascending order.
    parts
        What their scores are made of.
    seen
        The rows that were looked at.
    """

    documents: Ordinals
    parts: Parts
    seen: Seen


_NOTHING = Near(
    np.zeros(0, np.int64),
    Parts(np.zeros(0, np.float32), np.zeros(0, np.float32)),
    Seen(np.zeros(0, np.int64), np.zeros(0, np.float32), -np.inf),
)


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

    def top_documents(
        self, queries: Vectors, k: int, weight: float, only: Ordinals | None = None
    ) -> list[Near]:
        """Find the best documents for each query.

        The nearest rows name some documents and bound what all others can score. Of those named,
        the ones whose bound reaches the `k`-th score are scored on all their rows. If a document
        that was not named could reach it as well, more rows are fetched (a threshold algorithm:
        Fagin, Lotem and Naor, PODS 2001).

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        k
            How many documents; all that tie with the last one are returned as well, so that the
            caller can break ties by document id.
        weight
            Of the views in a document's score.
        only
            The documents that may be found, by ordinal, in ascending order; all if left out.
        """
        chosen = None if only is None else self._rows_of(only)[0]
        total = self._index.ntotal if chosen is None else len(chosen)
        if not total:
            return [_NOTHING for _ in queries]
        parameters = None if chosen is None else _selection(chosen, self._index.ntotal)
        alone = self._index.ntotal == len(self._starts) - 1  # a row for each document
        depth = min(total, 16 + (1 if alone else _ROWS_FOR_ONE) * k)
        found: dict[int, Near] = {}
        pending = np.arange(len(queries))
        while len(pending):
            # FAISS gives each thread queries of its own. Threads without any would only be in the
            # way of those of torch, which have just encoded the query and wait for the next one.
            faiss.omp_set_num_threads(min(_THREADS, len(pending)))
            all_similarities, all_rows = self._index.search(
                queries[pending], max(1, depth), params=parameters
            )
            for place, similarities, rows in zip(pending, all_similarities, all_rows, strict=True):
                seen = _seen(rows, similarities, depth == total)
                near = self._best(queries[place], seen, k, weight)
                if near:
                    found[int(place)] = near
            pending = np.array([place for place in pending if place not in found], np.int64)
            depth = min(total, depth * 4)
        return [found[place] for place in range(len(queries))]

    def parts(self, query: Vectors, documents: Ordinals, seen: Seen) -> Parts:
        """Return what the scores of documents are made of.

        Parameters
        ----------
        query
            float32, shape (dimension,).
        documents
            Ordinals, shape (documents,).
        seen
            Rows whose similarities are known already.
        """
        rows, starts = self._rows_of(documents)
        upper, known = _look_up(rows, seen)
        self._compare(query, rows, upper, starts[~known[starts]])
        known[starts] = True
        # What remains unknown is at most the bound: often that can change nothing.
        lower = np.where(known, upper, np.float32(_FARTHEST))
        least, most = (self.representation.parts(each, starts) for each in (lower, upper))
        open_ = (least.passage != most.passage) | (least.views != most.views)
        counts = np.diff(starts, append=len(rows))
        (missing,) = np.nonzero(np.repeat(open_, counts) & ~known)
        self._compare(query, rows, upper, missing)
        return self.representation.parts(upper, starts)

    def rows(self, query: Vectors, document: int) -> tuple[npt.NDArray[np.int32], Scores]:
        """Return the view, by its ordinal, and the similarity of each of a document's rows."""
        rows, _ = self._rows_of(np.array([document]))
        similarities = np.zeros(len(rows), np.float32)
        self._compare(query, rows, similarities, np.arange(len(rows)))
        return self._views[rows], similarities

    def best_views(self, query: Vectors | None, documents: Ordinals) -> Ordinals:
        """Return the view, by its ordinal, of each document's row that is nearest to the query.

        Without a query it is the passage.
        """
        rows, starts = self._rows_of(documents)
        if query is None:
            return self._views[rows[starts]].astype(np.int64)
        similarities = np.zeros(len(rows), np.float32)
        self._compare(query, rows, similarities, np.arange(len(rows)))
        # Of equal ones the first, in each document.
        order = np.lexsort(
            (-similarities, np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows))))
        )
        return self._views[rows[order[starts]]].astype(np.int64)

    def _best(self, query: Vectors, seen: Seen, k: int, weight: float) -> Near | None:
        """Return the best documents, or nothing if these rows do not tell."""
        documents = np.unique(np.searchsorted(self._starts, seen.rows, side="right") - 1)
        rows, starts = self._rows_of(documents)
        bounds = self.representation.parts(_look_up(rows, seen)[0], starts).mixed(weight)
        hopeful = first(bounds, k)
        least = kth(self.parts(query, documents[hopeful], seen).mixed(weight), k)
        documents = documents[bounds >= least]
        parts = self.parts(query, documents, seen)
        scores = parts.mixed(weight)
        least = kth(scores, k)
        if np.isfinite(seen.bound) and least <= seen.bound + _EPSILON:
            return None
        best = scores >= least
        return Near(documents[best], Parts(parts.passage[best], parts.views[best]), seen)

    def _compare(
        self, query: Vectors, rows: Ordinals, similarities: Scores, places: Ordinals
    ) -> None:
        """Fill in the similarities of the rows at some places."""
        if not len(places):
            return
        # Not by BLAS: its threads and those of FAISS would get in each other's way.
        vectors = self._index.reconstruct_batch(rows[places])
        similarities[places] = np.einsum("rd,d->r", vectors, query).round(SCORE_DECIMALS)

    def _rows_of(self, documents: Ordinals) -> tuple[Ordinals, Ordinals]:
        """Return the rows of documents, one document after the other, and where each begins."""
        first_rows = np.asarray(self._starts[documents])
        counts = self._starts[documents + 1] - first_rows
        starts = np.cumsum(counts) - counts
        return np.repeat(first_rows - starts, counts) + np.arange(counts.sum()), starts


def _seen(rows: Ordinals, similarities: Scores, everything: bool) -> Seen:
    """Return what FAISS found for one query; it fills up with -1 where there is no more."""
    real = rows >= 0
    rows, similarities = rows[real], similarities[real].round(SCORE_DECIMALS)
    bound = -np.inf if everything or not len(rows) else float(similarities[-1])
    order = np.argsort(rows)
    return Seen(rows[order], similarities[order], bound)


def _selection(rows: Ordinals, total: int) -> Any:
    """Return what makes FAISS search only some rows."""
    bits = np.zeros(total, bool)
    bits[rows] = True
    library: Any = faiss  # its Python constructors differ from the types that it tells
    selector = library.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
    return library.SearchParameters(sel=selector)


def _look_up(rows: Ordinals, seen: Seen) -> tuple[Scores, npt.NDArray[np.bool_]]:
    """Return the similarities of rows, the bound for those not seen, and which were seen."""
    if not len(seen.rows):
        return np.full(len(rows), seen.bound, np.float32), np.zeros(len(rows), bool)
    places = np.minimum(np.searchsorted(seen.rows, rows), len(seen.rows) - 1)
    known = seen.rows[places] == rows
    return np.where(known, seen.similarities[places], np.float32(seen.bound)), known


def kth(scores: npt.NDArray[Any], count: int) -> float:
    """Return the last of the greatest `count` scores; ``-inf`` if there are not so many."""
    return float(np.partition(scores, -count)[-count]) if len(scores) >= count else -np.inf


def first(scores: npt.NDArray[Any], count: int) -> Ordinals:
    """Return where the greatest `count` scores are, and all that equal the last of them."""
    return np.flatnonzero(scores >= kth(scores, count))
