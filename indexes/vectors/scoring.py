"""Documents scored by the vectors of their views, exactly, on as few rows as that takes."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.representations import SCORE_DECIMALS, Parts, Representation, Scores
from corpus_tuner.indexes.store.layout import row_starts_file, row_views_file, vectors_file
from corpus_tuner.indexes.vectors import Ordinals, open_vectors

_ROWS_FOR_ONE = 12
"""Rows fetched for every document wanted: seldom are more needed."""
_FARTHEST = -1e9  # finite, so that means can be taken
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
    """

    rows: Ordinals
    similarities: npt.NDArray[np.float32]
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
    Parts.zeros(),
    Seen(np.zeros(0, np.int64), np.zeros(0, np.float32), -np.inf),
)


class DenseSegment:
    """The vectors of one representation in one segment, and which document each belongs to.

    An engine finds the nearest rows. What a document scores is then computed from the vectors
    themselves in one way, whichever rows were found: so it depends on document and query alone.

    Parameters
    ----------
    folder
        Of the segment (`corpus_tuner.indexes.store.layout`).
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
        self._engine = open_vectors(vectors_file(folder, name))
        try:
            self._views: npt.NDArray[np.int32] = np.load(row_views_file(folder, name), "r")
            self._starts: Ordinals = np.load(row_starts_file(folder, name), "r")
        except (ValueError, OSError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise SearchIndexError(f"{folder} is damaged: {reason}") from error
        rows = self._engine.rows
        if (
            self._engine.dimension != dimension
            or self._views.shape != (rows,)
            or self._starts.ndim != 1
            or self._starts[-1:].tolist() != [rows]
        ):
            raise SearchIndexError(f"the files {folder / name}.* do not fit each other")
        self.representation = representation

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._engine.dimension

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return len(self._starts) - 1

    def top_documents(
        self, queries: Vectors, k: int, weight: float, only: Ordinals | None = None
    ) -> list[Near]:
        """Find the best documents for every query.

        The nearest rows name some documents and bound what all others can score. Of those named,
        the ones whose bound reaches the `k`-th score are scored on the rows that can decide it. If
        a document that was not named could reach it as well, more rows are fetched (a threshold
        algorithm: Fagin, Lotem and Naor, PODS 2001).

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
        rows = None if only is None else self._rows_of(only)[0]
        total = self._engine.rows if rows is None else len(rows)
        if not total:
            return [_NOTHING for _ in queries]
        single = self._engine.rows == self.documents  # a row per document
        depth = min(total, 16 + (1 if single else _ROWS_FOR_ONE) * k)
        found: dict[int, Near] = {}
        pending = np.arange(len(queries))
        while len(pending):
            nearest = self._engine.nearest(queries[pending], depth, rows)
            for number, its_rows, similarities in zip(pending, *nearest, strict=True):
                seen = _seen(its_rows, similarities, depth == total)
                near = self._best(queries[number], seen, k, weight)
                if near:
                    found[int(number)] = near
            pending = np.array([number for number in pending if number not in found], np.int64)
            depth = min(total, depth * 4)
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
        deciding[starts] = True
        similarities = np.full(len(rows), -np.inf)
        similarities[deciding] = self._engine.similarities(query, rows[deciding])
        return self.representation.parts(similarities, starts)

    def rows(self, query: Vectors, document: int) -> tuple[npt.NDArray[np.int32], Scores]:
        """Return the view, by its ordinal, and the similarity of each of a document's rows."""
        rows, _ = self._rows_of(np.array([document]))
        return self._views[rows], self._engine.similarities(query, rows)

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
        return self._engine.vectors(rows), starts

    def passages(self, documents: Ordinals) -> Scores:
        """Return the vectors of documents' passages, float64, shape (documents, dimension)."""
        return self._engine.vectors(self._starts[documents]).astype(np.float64)

    def best_views(self, query: Vectors | None, documents: Ordinals) -> Ordinals:
        """Return the view, by its ordinal, of every document's row that is nearest to the query.

        Without a query it is the passage.
        """
        rows, starts = self._rows_of(documents)
        if query is None:
            return self._views[rows[starts]].astype(np.int64)
        similarities = self._engine.similarities(query, rows).round(SCORE_DECIMALS)
        # Of equal ones the first, in every document.
        order = np.lexsort(
            (-similarities, np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows))))
        )
        return self._views[rows[order[starts]]].astype(np.int64)

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
        if np.isfinite(seen.bound) and least <= seen.bound + _EPSILON:
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


def _seen(rows: Ordinals, similarities: npt.NDArray[np.float32], everything: bool) -> Seen:
    """Return what an engine found for one query; it fills up with -1 where there is no more."""
    real = rows >= 0
    rows, similarities = rows[real], similarities[real]
    bound = -np.inf if everything or not len(rows) else float(similarities[-1])
    order = np.argsort(rows)
    return Seen(rows[order], similarities[order], bound)


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
