"""Documents scored by the vectors of their views, on as few rows as that takes.

Scores of documents are always exact. Which documents are found depends on the index of the vectors.
"""

import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import load_array
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.representations import (
    SCORE_DECIMALS,
    DenseScores,
    Representation,
    Scores,
    WindowCounts,
    find_windows,
    max_of_kinds,
)
from corpus_tuner.indexes.vectors import Neighbors, Ordinals
from corpus_tuner.indexes.vectors.ann import AnnIndex, SearchParameters
from corpus_tuner.indexes.vectors.rows import (
    StoredRows,
    row_starts_file,
    row_views_file,
    vectors_file,
)

_ROWS_PER_DOCUMENT = 12
"""Rows fetched for every wanted document; more are seldom needed."""
_NEAREST = 1e9  # finite, so that a weight of 0 makes it 0
_TOLERANCE = 1e-5
"""Similarities found by a search differ by less than this from the exact ones."""
_EPSILON = _TOLERANCE + 2 * 10.0**-SCORE_DECIMALS


class NearestDocuments(NamedTuple):
    """Documents that are nearest to a query.

    Attributes
    ----------
    documents
        Ordinals, in ascending order.
    scores
        Their scores.
    """

    documents: Ordinals
    scores: DenseScores


_NO_DOCUMENTS = NearestDocuments(np.zeros(0, np.int64), DenseScores.zeros())


class _SeenRows(NamedTuple):
    """Rows that are nearest to a query.

    Attributes
    ----------
    rows
        Rows in ascending order.
    similarities
        Similarities as the search found them.
    bound
        Greatest similarity that another row can have; ``-inf`` if there is no other row.
    exact
        Whether the bound is certain: an ANN index may have missed a row.
    """

    rows: Ordinals
    similarities: npt.NDArray[np.float32]
    bound: float
    exact: bool


class _Segment(NamedTuple):
    """Vectors of one segment: the first of its rows in the index, and the view of every row."""

    rows: StoredRows
    ann_index: AnnIndex | None
    first_row: int
    views: npt.NDArray[np.unsignedinteger]


class DenseIndex:
    """Vectors of one representation in all segments, and the document of each.

    The nearest rows are searched in every segment. Scores of documents are then computed from the
    stored vectors, whichever rows were found, so that they depend on document and query only.
    Documents and rows are numbered through all segments.

    Parameters
    ----------
    folders
        Folders of the segments (`corpus_tuner.indexes.store.layout`).
    representation
        Representation that scores documents.
    dimension
        Length of a vector.
    live_docs
        Which documents are live, shape (documents,).
    windows
        Number of passages that every document is scored by, shape (documents,).
    ann_files
        File of the ANN index of every segment that has one.
    ann_kind, ann_parameters
        Kind of the ANN indexes and their search parameters.

    Raises
    ------
    SearchIndexError
        If the files cannot be read or do not fit each other.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        representation: Representation,
        dimension: int,
        live_docs: npt.NDArray[np.bool_],
        windows: WindowCounts,
        ann_files: Sequence[Path | None] = (),
        ann_kind: str = "",
        ann_parameters: SearchParameters | None = None,
    ) -> None:
        self.representation = representation
        self.dimension = dimension
        self._live_docs = live_docs
        self._segments: list[_Segment] = []
        starts = [np.zeros(1, np.int64)]
        for folder, file in zip_longest(folders, ann_files):
            rows, views, own = _open_rows(folder, representation, dimension)
            ann_index = AnnIndex(rows, file, ann_kind, ann_parameters or {}) if file else None
            first_row = int(starts[-1][-1])
            self._segments.append(_Segment(rows, ann_index, first_row, views))
            starts.append(own[1:] + first_row)
        self._starts: Ordinals = np.concatenate(starts)
        if len(self._starts) - 1 != len(live_docs):
            raise SearchIndexError(
                f"{representation.name} has vectors of {self.documents} documents, and there are "
                f"{len(live_docs)}: {DAMAGED}"
            )
        # A representation may index fewer passages.
        self._windows = np.minimum(windows, np.diff(self._starts)).astype(np.int32)

    @property
    def documents(self) -> int:
        """Number of documents, deleted ones among them."""
        return len(self._starts) - 1

    def restrict(self, live_docs: npt.NDArray[np.bool_]) -> "DenseIndex":
        """Return the same vectors with other live documents, bool, shape (documents,)."""
        restricted = copy(self)
        restricted._live_docs = live_docs
        restricted.__dict__.pop("_live_rows", None)
        return restricted

    def top_documents(
        self, queries: Vectors, k: int, weight: float, only: Ordinals | None = None
    ) -> list[NearestDocuments]:
        """Find the best documents for every query.

        The nearest rows name some documents and bound the scores of all others. Of those named,
        the ones whose bound reaches the `k`-th score are scored on the rows that can decide it. If
        a document that was not named could reach it as well, more rows are fetched (a threshold
        algorithm: Fagin, Lotem and Naor, PODS 2001). If an ANN index may have missed rows, there is
        no certain bound: the fetched rows decide, once they belong to `k` documents.

        Parameters
        ----------
        queries
            float32, shape (queries, dimension).
        k
            Number of documents; all that tie with the last one are returned as well, so that the
            caller can break ties by document id.
        weight
            Weight of the views in a document's score.
        only
            Ordinals of the documents that may be found, ascending; all live ones by default.
        """
        allowed = self._live_rows if only is None else self._mask_rows(only)
        if not allowed.any():
            return [_NO_DOCUMENTS for _ in queries]
        has_one_row_each = len(allowed) == self.documents
        depth = 16 + (1 if has_one_row_each else _ROWS_PER_DOCUMENT) * k
        found: dict[int, NearestDocuments] = {}
        pending = np.arange(len(queries))
        while len(pending):
            seen_rows = self._search_rows(queries[pending], depth, allowed)
            for number, seen in zip(pending, seen_rows, strict=True):
                best = self._choose_best(queries[number], seen, k, weight)
                if best:
                    found[int(number)] = best
            pending = np.array([number for number in pending if number not in found], np.int64)
            depth *= 4
        return [found[number] for number in range(len(queries))]

    def score_documents(self, query: Vectors, documents: Ordinals) -> DenseScores:
        """Return the scores of documents, given by ordinals, for a query, shape (dimension,)."""
        rows, starts = self._rows_of(documents)
        is_window = find_windows(len(rows), starts, self._windows[documents])
        estimates = self._fill(
            np.zeros(len(rows)),
            rows,
            lambda segment, own: segment.rows.estimate_similarities(query, own),
        )
        return self._score_rows(query, rows, starts, is_window, estimates)

    def row_views(self, documents: Ordinals) -> tuple[npt.NDArray[np.int32], Ordinals]:
        """Return the view of every row of documents, and where the rows of each document begin."""
        rows, starts = self._rows_of(documents)
        return self._views(rows).astype(np.int32), starts

    def vectors(self, documents: Ordinals) -> tuple[Vectors, Ordinals]:
        """Return the vectors of documents, one document after the other, and where each begins.

        Returns
        -------
        vectors, starts
            float32 of shape (rows, dimension), as they are stored; int64 of shape (documents,).
        """
        rows, starts = self._rows_of(documents)
        return self._vectors(rows), starts

    def passages(self, documents: Ordinals) -> tuple[Scores, Ordinals]:
        """Return the passages that documents are scored by, and where those of each begin.

        Returns
        -------
        vectors, starts
            float64 of shape (passages, dimension), int64 of shape (documents,).
        """
        rows, starts = _expand(self._starts[documents], self._windows[documents])
        return self._vectors(rows).astype(np.float64), starts

    def view_similarities(self, query: Vectors, documents: Ordinals) -> list[dict[int, float]]:
        """Return the similarities of a query and every document's views, by position of the view.

        Parameters
        ----------
        query
            float32, shape (dimension,).
        documents
            Ordinals, shape (documents,).
        """
        rows, starts = self._rows_of(documents)
        similarities = self._similarities(query, rows).round(SCORE_DECIMALS).tolist()
        views = self._views(rows).tolist()
        ends = [*starts[1:].tolist(), len(rows)]
        return [
            dict(zip(views[start:end], similarities[start:end], strict=True))
            for start, end in zip(starts.tolist(), ends, strict=False)
        ]

    @cached_property
    def _live_rows(self) -> npt.NDArray[np.bool_]:
        return self._mask_rows(np.flatnonzero(self._live_docs))

    def _mask_rows(self, documents: Ordinals) -> npt.NDArray[np.bool_]:
        """Return which rows belong to some documents, shape (rows,)."""
        mask = np.zeros(int(self._starts[-1]), bool)
        mask[self._rows_of(documents)[0]] = True
        return mask

    def _search_rows(
        self, queries: Vectors, depth: int, allowed: npt.NDArray[np.bool_]
    ) -> list[_SeenRows]:
        """Return about `depth` rows for every query, of those that are allowed.

        A segment returns a share in proportion to its allowed rows.
        """
        total = np.count_nonzero(allowed)
        found: list[list[_SeenRows]] = [[] for _ in queries]
        for segment in self._segments:
            own = allowed[segment.first_row : segment.first_row + segment.rows.count]
            size = int(np.count_nonzero(own))
            wanted = min(size, math.ceil(depth * size / total))
            if not wanted:
                continue
            only = own if size < len(own) else None
            index = segment.ann_index or segment.rows
            neighbors = index.search(queries, wanted, only)
            for query, seen in enumerate(found):
                seen.append(_select_query(neighbors, query, segment.first_row, size))
        return [_join_segments(seen) for seen in found]

    def _similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        """Return the inner products of a query and some rows, float64, shape (rows,)."""
        found = np.zeros(len(rows))
        return self._fill(found, rows, lambda segment, own: segment.rows.similarities(query, own))

    def _vectors(self, rows: Ordinals) -> Vectors:
        """Return some rows as they are stored, float32, shape (rows, dimension)."""
        found = np.zeros((len(rows), self.dimension), np.float32)
        return self._fill(found, rows, lambda segment, own: segment.rows.vectors(own))

    def _views(self, rows: Ordinals) -> Ordinals:
        """Return the position of the view that each row stands for, shape (rows,)."""
        found = np.zeros(len(rows), np.int64)
        return self._fill(found, rows, lambda segment, own: segment.views[own])

    def _fill(
        self,
        found: npt.NDArray[Any],
        rows: Ordinals,
        read: Callable[[_Segment, Ordinals], npt.NDArray[Any]],
    ) -> npt.NDArray[Any]:
        """Fill an array with what is read of some rows in the segment of each."""
        if len(self._segments) == 1:
            found[:] = read(self._segments[0], rows)
            return found
        firsts = [segment.first_row for segment in self._segments]
        owners = np.searchsorted(firsts, rows, side="right") - 1
        for number in np.unique(owners).tolist():
            where, segment = owners == number, self._segments[number]
            found[where] = read(segment, rows[where] - segment.first_row)
        return found

    def _choose_best(
        self, query: Vectors, seen: _SeenRows, k: int, weight: float
    ) -> NearestDocuments | None:
        """Return the best documents; ``None`` if these rows do not decide."""
        if not len(seen.rows):
            return None
        owners = np.searchsorted(self._starts, seen.rows, side="right") - 1
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        documents, sizes = owners[starts], np.diff(starts, append=len(owners))
        ends = self._starts[documents] + self._windows[documents]  # of their passages
        is_window = seen.rows < np.repeat(ends, sizes)
        passages = np.add.reduceat(is_window, starts, dtype=np.int64)
        missing = (
            passages < self._windows[documents],
            sizes - passages < self._starts[documents + 1] - ends,
        )
        similarities = seen.similarities.astype(np.float64)
        greatest = max_of_kinds(similarities, starts, is_window)
        bounds = [
            np.where(some, np.maximum(own, seen.bound), own) + _TOLERANCE
            for own, some in zip(greatest, missing, strict=True)
        ]
        # Whether the best row of either kind is among those seen, so that others do not matter.
        known = np.full(len(documents), seen.exact)
        for own, some in zip(greatest, missing, strict=True):
            known &= ~some | (own > seen.bound + 2 * _TOLERANCE)
        lowest = self.representation.score(*(own[known] - _TOLERANCE for own in greatest))
        least = find_kth(lowest.combine(weight), k)
        hopeful = self.representation.score(*bounds).combine(weight) >= least
        whole = documents[hopeful & ~known]
        known &= hopeful
        some = np.repeat(known, sizes)
        scores = self._score_rows(
            query,
            seen.rows[some],
            np.cumsum(sizes[known]) - sizes[known],
            is_window[some],
            similarities[some],
        ).concatenate(self.score_documents(query, whole))
        chosen = np.concatenate([documents[known], whole])
        combined = scores.combine(weight)
        least = find_kth(combined, k)
        others_matter = least <= seen.bound + _EPSILON if seen.exact else len(chosen) < k
        if np.isfinite(seen.bound) and others_matter:
            return None
        order = np.argsort(chosen)
        best = order[combined[order] >= least]
        return NearestDocuments(chosen[best], scores.select(best))

    def _score_rows(
        self,
        query: Vectors,
        rows: Ordinals,
        starts: Ordinals,
        is_window: npt.NDArray[np.bool_],
        estimates: Scores,
    ) -> DenseScores:
        """Return the scores of documents, given their rows and estimates of the similarities.

        Only rows that may be the best are compared with the query again.
        """
        if not len(rows):
            return DenseScores.zeros()
        sizes = np.diff(starts, append=len(rows))
        passages, others = max_of_kinds(estimates, starts, is_window)
        greatest = np.where(is_window, np.repeat(passages, sizes), np.repeat(others, sizes))
        deciding = estimates >= greatest - 2 * _TOLERANCE
        sizes = np.add.reduceat(deciding, starts, dtype=np.int64)
        similarities = self._similarities(query, rows[deciding])
        starts = np.cumsum(sizes) - sizes
        return self.representation.score(*max_of_kinds(similarities, starts, is_window[deciding]))

    def _rows_of(self, documents: Ordinals) -> tuple[Ordinals, Ordinals]:
        """Return the rows of documents, one document after the other, and where each begins."""
        first_rows = self._starts[documents]
        return _expand(first_rows, self._starts[documents + 1] - first_rows)


def _open_rows(
    folder: Path, representation: Representation, dimension: int
) -> tuple[StoredRows, npt.NDArray[np.unsignedinteger], Ordinals]:
    """Return the rows of a segment, the view of each, and where the rows of documents begin."""
    name = representation.name
    rows = StoredRows(vectors_file(folder, name), dimension, representation.storage)
    views = load_array(row_views_file(folder, name), np.uint8, np.uint16, np.uint32)
    starts = load_array(row_starts_file(folder, name), np.int64)
    fits = len(views) == rows.count and starts[:1].tolist() == [0]
    if not fits or starts[-1] != rows.count or (np.diff(starts) < 1).any():
        raise SearchIndexError(f"the files {folder / name}.* do not fit each other: {DAMAGED}")
    return rows, views, starts


def _expand(firsts: Ordinals, counts: npt.NDArray[np.integer[Any]]) -> tuple[Ordinals, Ordinals]:
    """Return so many numbers from each first one on, and where those of each begin."""
    starts = np.cumsum(counts) - counts
    return np.repeat(firsts - starts, counts) + np.arange(counts.sum()), starts


def _join_segments(seen: Sequence[_SeenRows]) -> _SeenRows:
    """Join the rows of one query in all segments, which are in order."""
    return _SeenRows(
        np.concatenate([own.rows for own in seen]),
        np.concatenate([own.similarities for own in seen]),
        max(own.bound for own in seen),
        all(own.exact for own in seen),
    )


def _select_query(neighbors: Neighbors, query: int, first_row: int, total: int) -> _SeenRows:
    """Return the rows of one query in a segment, where `total` rows may be found."""
    real = neighbors.rows[query] >= 0
    rows, similarities = neighbors.rows[query][real], neighbors.similarities[query][real]
    everything = len(rows) >= total
    bound = -np.inf if everything else float(similarities[-1]) if len(rows) else _NEAREST
    order = np.argsort(rows)
    exact = neighbors.exact or everything
    return _SeenRows(rows[order] + first_row, similarities[order], bound, exact)


def find_kth(scores: npt.NDArray[Any], count: int) -> float:
    """Return the last of the greatest `count` scores; ``-inf`` if there are fewer."""
    return float(np.partition(scores, -count)[-count]) if len(scores) >= count else -np.inf


def find_top(scores: npt.NDArray[Any], count: int) -> Ordinals:
    """Return the positions of the greatest `count` scores, and of all that equal the last one."""
    return np.flatnonzero(scores >= find_kth(scores, count))
