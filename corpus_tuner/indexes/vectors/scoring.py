"""Documents scored by the vectors of their views, on as few rows as that takes.

What a document scores is always exact; whether all that score enough are found is the engine's.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import load_array
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.representations import SCORE_DECIMALS, Parts, Representation, Scores
from corpus_tuner.indexes.vectors import Nearest, Ordinals, Selection, VectorEngine
from corpus_tuner.indexes.vectors.engines import EngineSettings, flat, open_engine
from corpus_tuner.indexes.vectors.file_names import row_starts_file, row_views_file, vectors_file
from corpus_tuner.indexes.vectors.rows import StoredRows

_ROWS_FOR_ONE = 12
"""Rows fetched for every document wanted: seldom are more needed."""
_FARTHEST, _NEAREST = -1e9, 1e9  # finite, so that means can be taken
_TOLERANCE = 1e-5
"""What an engine finds by may differ by less than this from the similarity itself."""
_EPSILON = _TOLERANCE + 2 * 10.0**-SCORE_DECIMALS


class Seen(NamedTuple):
    """The rows that are nearest to a query.

    Attributes
    ----------
    rows
        In ascending order.
    similarities
        Of these, as the engine found them.
    bound
        No other row is nearer than this; ``-inf`` if there is no other.
    exact
        Whether that is certain: some engines may have missed one.
    """

    rows: Ordinals
    similarities: npt.NDArray[np.float32]
    bound: float
    exact: bool


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
    Parts.zeros(),
    Seen(np.zeros(0, np.int64), np.zeros(0, np.float32), -np.inf, exact=True),
)


class _Part(NamedTuple):
    """The vectors of one segment.

    Attributes
    ----------
    rows
        They.
    engine
        Finds them.
    first
        The number of its first row, of all segments' rows.
    views
        Which of its document's views every row shows, int32, shape (rows,).
    """

    rows: StoredRows
    engine: VectorEngine
    first: int
    views: npt.NDArray[np.int32]


class DenseIndex:
    """The vectors of one representation in all segments, and which document each belongs to.

    Engines find the nearest rows of their segments. What a document scores is then computed from
    the vectors themselves in one way, whichever rows were found: so it depends on document and
    query alone. Documents and rows are numbered through all segments.

    Parameters
    ----------
    folders
        Of the segments (`corpus_tuner.indexes.store.layout`).
    representation
        Says how a document is scored, and how its vectors are kept.
    dimension
        Of the vectors.
    live_docs
        Which documents are still there, shape (documents,).
    settings
        Of the engine.
    structures
        For every segment what its engine keeps for the rows, if anything.

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
        settings: EngineSettings | None = None,
        structures: Sequence[Path | None] = (),
    ) -> None:
        self.representation = representation
        self.dimension = dimension
        self._live_docs = live_docs
        self._parts: list[_Part] = []
        starts = [np.zeros(1, np.int64)]
        settings = settings or flat.Settings()
        for folder, structure in zip_longest(folders, structures):
            rows, views, own = _open(folder, representation, dimension)
            first_row = int(starts[-1][-1])
            engine = open_engine(settings, rows, structure)
            self._parts.append(_Part(rows, engine, first_row, views))
            starts.append(own[1:] + first_row)
        self._starts: Ordinals = np.concatenate(starts)
        if len(self._starts) - 1 != len(live_docs):
            raise SearchIndexError(
                f"{representation.name} has vectors of {self.documents} documents, and there are "
                f"{len(live_docs)}: {DAMAGED}"
            )

    @property
    def documents(self) -> int:
        """How many documents there are, those that are gone among them."""
        return len(self._starts) - 1

    @property
    def _rows(self) -> int:
        return int(self._starts[-1])

    def top_documents(
        self, queries: Vectors, k: int, weight: float, only: Ordinals | None = None
    ) -> list[Near]:
        """Find the best documents for every query.

        The nearest rows name some documents and bound what all others can score. Of those named,
        the ones whose bound reaches the `k`-th score are scored on the rows that can decide it. If
        a document that was not named could reach it as well, more rows are fetched (a threshold
        algorithm: Fagin, Lotem and Naor, PODS 2001). Where the engine may have missed rows, nothing
        is bound for certain: those that were fetched decide, once they are of `k` documents.

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
        chosen = self._living if only is None else self._select(only)
        total = sum(selection.size for _, selection in chosen)
        if not total:
            return [_NOTHING for _ in queries]
        single = self._rows == self.documents  # a row per document
        depth = 16 + (1 if single else _ROWS_FOR_ONE) * k
        found: dict[int, Near] = {}
        pending = np.arange(len(queries))
        while len(pending):
            nearest = self._nearest(queries[pending], depth, total, chosen)
            for number, seen in zip(pending, nearest, strict=True):
                near = self._best(queries[number], seen, k, weight)
                if near:
                    found[int(number)] = near
            pending = np.array([number for number in pending if number not in found], np.int64)
            depth *= 4
        return [found[number] for number in range(len(queries))]

    def parts(self, query: Vectors, documents: Ordinals, seen: Seen) -> Parts:
        """Return what the scores of documents are made of.

        Parameters
        ----------
        query
            float32, shape (dimension,).
        documents
            Ordinals, shape (documents,).
        seen
            Rows that the engine found: they tell which others cannot matter.
        """
        rows, starts = self._rows_of(documents)
        if not len(rows):
            return Parts.zeros()
        found, known = _look_up(rows, seen)
        lower = np.where(known, found - _TOLERANCE, _FARTHEST)
        least = self.representation.least(lower, starts)
        counts = np.diff(starts, append=len(rows))
        deciding = found + _TOLERANCE >= np.repeat(least, counts)
        deciding |= not seen.exact  # a row that was missed may be the nearest
        deciding[starts] = True
        similarities = np.full(len(rows), -np.inf)
        similarities[deciding] = self._similarities(query, rows[deciding])
        return self.representation.parts(similarities, starts)

    def rows(self, documents: Ordinals) -> tuple[Ordinals, npt.NDArray[np.int32]]:
        """Return how many rows documents have, and which of its document's views every row shows.

        Parameters
        ----------
        documents
            Ordinals, shape (documents,).
        """
        rows, starts = self._rows_of(documents)
        return np.diff(starts, append=len(rows)), self._views(rows).astype(np.int32)

    def vectors(self, documents: Ordinals) -> tuple[Vectors, Ordinals]:
        """Return the vectors of documents, one document after the other, and where each begins.

        Parameters
        ----------
        documents
            Ordinals, shape (documents,).

        Returns
        -------
        vectors, starts
            float32 of shape (rows, dimension), as they are stored; int64 of shape (documents,).
        """
        rows, starts = self._rows_of(documents)
        return self._vectors(rows), starts

    def passages(self, documents: Ordinals) -> Scores:
        """Return the vectors of documents' passages, float64, shape (documents, dimension)."""
        return self._vectors(self._starts[documents]).astype(np.float64)

    def first_views(self, documents: Ordinals) -> Ordinals:
        """Return which of its views, from 0, the first row of every document shows."""
        return self._views(self._starts[documents])

    def near(self, query: Vectors, documents: Ordinals) -> list[dict[int, float]]:
        """Return how near the views of every document are to a query, by position, those with rows.

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
    def _living(self) -> list[tuple[_Part, Selection]]:
        """What keeps every segment's engine to the documents that are still there."""
        return self._select(np.flatnonzero(self._live_docs))

    def _select(self, documents: Ordinals) -> list[tuple[_Part, Selection]]:
        """Return what keeps every segment's engine to some documents."""
        chosen = np.zeros(self._rows, bool)
        chosen[self._rows_of(documents)[0]] = True
        selected = []
        for part in self._parts:
            own = chosen[part.first : part.first + part.rows.count]
            selected.append((part, part.rows.select(own)))
        return selected

    def _nearest(
        self,
        queries: Vectors,
        depth: int,
        total: int,
        chosen: Sequence[tuple[_Part, Selection]],
    ) -> list[Seen]:
        """Return for every query about `depth` rows, of `total` that may be found.

        A segment is asked for as many as it would have if rows were dealt out by chance.
        """
        found: list[list[Seen]] = [[] for _ in queries]
        for part, selection in chosen:
            share = depth * selection.size / total
            own = min(selection.size, math.ceil(share))
            if not own:
                continue
            only = selection if selection.size < part.rows.count else None
            nearest = part.engine.nearest(queries, own, only)
            for query, seen in enumerate(found):
                seen.append(_seen(part.first, nearest, query, selection.size))
        return [_joined(seen) for seen in found]

    def _similarities(self, query: Vectors, rows: Ordinals) -> Scores:
        """Return the inner products of a query and some rows, float64, shape (rows,)."""
        found = np.zeros(len(rows))
        for part, where in self._by_part(rows):
            found[where] = part.rows.similarities(query, rows[where] - part.first)
        return found

    def _vectors(self, rows: Ordinals) -> Vectors:
        """Return some rows as they are stored, float32, shape (rows, dimension)."""
        found = np.zeros((len(rows), self.dimension), np.float32)
        for part, where in self._by_part(rows):
            found[where] = part.rows.vectors(rows[where] - part.first)
        return found

    def _views(self, rows: Ordinals) -> Ordinals:
        """Return which of its document's views some rows show, shape (rows,)."""
        found = np.zeros(len(rows), np.int64)
        for part, where in self._by_part(rows):
            found[where] = part.views[rows[where] - part.first]
        return found

    def _by_part(self, rows: Ordinals) -> Iterator[tuple[_Part, Ordinals | slice]]:
        """Yield every segment that has some of the rows, and where these are."""
        if len(self._parts) == 1:
            yield self._parts[0], slice(None)
            return
        owners = np.searchsorted([part.first for part in self._parts], rows, side="right") - 1
        for number in np.unique(owners).tolist():
            yield self._parts[number], np.flatnonzero(owners == number)

    def _best(self, query: Vectors, seen: Seen, k: int, weight: float) -> Near | None:
        """Return the best documents, or nothing if these rows do not decide."""
        documents = np.unique(np.searchsorted(self._starts, seen.rows, side="right") - 1)
        rows, starts = self._rows_of(documents)
        bounds = self.representation.parts(_look_up(rows, seen)[0] + _TOLERANCE, starts)
        most = bounds.mixed(weight)
        hopeful = first(most, k)
        parts = self.parts(query, documents[hopeful], seen)
        least = kth(parts.mixed(weight), k)
        others = np.setdiff1d(np.flatnonzero(most >= least), hopeful)
        parts = parts.joined(self.parts(query, documents[others], seen))
        chosen = np.concatenate([hopeful, others])
        scores = parts.mixed(weight)
        least = kth(scores, k)
        others_matter = least <= seen.bound + _EPSILON if seen.exact else len(scores) < k
        if np.isfinite(seen.bound) and others_matter:
            return None
        order = np.argsort(chosen)
        best = order[scores[order] >= least]
        return Near(documents[chosen[best]], parts.at(best), seen)

    def _rows_of(self, documents: Ordinals) -> tuple[Ordinals, Ordinals]:
        """Return the rows of documents, one document after the other, and where each begins."""
        first_rows = np.asarray(self._starts[documents])
        counts = self._starts[documents + 1] - first_rows
        starts = np.cumsum(counts) - counts
        return np.repeat(first_rows - starts, counts) + np.arange(counts.sum()), starts


def _open(
    folder: Path, representation: Representation, dimension: int
) -> tuple[StoredRows, npt.NDArray[np.int32], Ordinals]:
    """Return the rows of a segment, the view of each, and where documents' rows begin."""
    name = representation.name
    rows = StoredRows(vectors_file(folder, name), dimension, representation.storage)
    views = load_array(row_views_file(folder, name), np.int32)
    starts = load_array(row_starts_file(folder, name), np.int64)
    fits = len(views) == rows.count and starts[:1].tolist() == [0]
    if not fits or starts[-1] != rows.count or (np.diff(starts) < 1).any():
        raise SearchIndexError(f"the files {folder / name}.* do not fit each other: {DAMAGED}")
    return rows, views, starts


def _joined(seen: Sequence[Seen]) -> Seen:
    """Return what the engines of all segments found for one query; segments are in order."""
    return Seen(
        np.concatenate([own.rows for own in seen]),
        np.concatenate([own.similarities for own in seen]),
        max(own.bound for own in seen),
        all(own.exact for own in seen),
    )


def _seen(first: int, nearest: Nearest, query: int, total: int) -> Seen:
    """Return what an engine found for one of its queries.

    Parameters
    ----------
    first
        The number of the segment's first row.
    nearest
        It fills up with -1 where there is no more.
    query
        Which one.
    total
        How many rows may be found.
    """
    real = nearest.rows[query] >= 0
    rows, similarities = nearest.rows[query][real], nearest.similarities[query][real]
    everything = len(rows) >= total
    bound = -np.inf if everything else float(similarities[-1]) if len(rows) else _NEAREST
    order = np.argsort(rows)
    return Seen(rows[order] + first, similarities[order], bound, nearest.exact or everything)


def _look_up(rows: Ordinals, seen: Seen) -> tuple[Scores, npt.NDArray[np.bool_]]:
    """Return the similarities of rows, the bound for those not seen, and which were seen."""
    if not len(seen.rows):
        return np.full(len(rows), seen.bound), np.zeros(len(rows), bool)
    positions = np.minimum(np.searchsorted(seen.rows, rows), len(seen.rows) - 1)
    known = seen.rows[positions] == rows
    return np.where(known, seen.similarities[positions].astype(np.float64), seen.bound), known


def kth(scores: npt.NDArray[Any], count: int) -> float:
    """Return the last of the greatest `count` scores; ``-inf`` if there are not so many."""
    return float(np.partition(scores, -count)[-count]) if len(scores) >= count else -np.inf


def first(scores: npt.NDArray[Any], count: int) -> Ordinals:
    """Return where the greatest `count` scores are, and all that equal the last of them."""
    return np.flatnonzero(scores >= kth(scores, count))
