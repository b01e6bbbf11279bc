"""What engines that do not look at every row have in common.

They have a structure for the rows, which finds candidates. What these are worth is computed
from the rows themselves, so that scores are those of an exact search, but a row may be missed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, Self

import faiss
import numpy as np
from pydantic import Field, PositiveInt

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import DAMAGED, DamagedError, SearchIndexError
from corpus_tuner.indexes.vectors import Nearest, Ordinals, Selection
from corpus_tuner.indexes.vectors.engines import EngineSettings, flat
from corpus_tuner.indexes.vectors.rows import StoredRows, threads

_FEW = 0.1
"""Where a filter leaves less than this share of the rows, these are compared one by one: that is
soon done, and a structure would have to be searched the deeper, the fewer are left."""
_DEEP = 0.25
"""Where more than this share of the rows is wanted, all are compared."""
_DOUBLINGS = 6
"""Where fewer rows are found than are wanted, a structure is searched twice as deep, so often."""
_SAMPLE_SEED = 0
_WRITTEN = 1 << 20  # bytes at once


class ApproximateSettings(EngineSettings):
    """Settings of an engine that may miss a row.

    Attributes
    ----------
    recall
        The least share of the first 100 documents of an exact search that are to be found, as
        held-out sentences tell. A build raises the engine's own settings for searching until it is
        reached; more of it costs time for every query.
    raised
        How many times what they are these may become; a build that finds too little then is
        refused, so that no search takes longer than that.
    least_rows
        A segment of fewer rows is searched exactly: that is quick, and costs no space.
    knobs
        The names of the settings that are raised.
    """

    knobs: ClassVar[frozenset[str]] = frozenset()

    recall: Annotated[float, Field(gt=0, le=1)] = 0.99
    raised: PositiveInt = 64
    least_rows: PositiveInt = 10_000

    def needs_structure(self, rows: int) -> bool:
        """Tell whether a segment of so many rows is to have a structure for them."""
        return rows >= self.least_rows

    def structure(self) -> dict[str, Any]:
        """Return the settings that a structure depends on."""
        return self.model_dump(exclude={"recall", "raised", "least_rows", *self.knobs})

    def further(self, asked: Self) -> Iterator[Self]:
        """Yield settings that find more and search longer, one knob doubled in each.

        Parameters
        ----------
        asked
            Those that it began with.
        """
        for knob in sorted(self.knobs):
            value, most = getattr(self, knob), getattr(asked, knob) * asked.raised
            if value < most:
                yield self.model_copy(update={knob: min(2 * value, most)})


class Find(Protocol):
    """Asks a structure for candidates."""

    def __call__(self, queries: Vectors, depth: int, selector: Any, widening: float) -> Nearest:
        """Return about as many rows as are wanted, or more; as many whatever the widening.

        Parameters
        ----------
        queries, depth
            As `corpus_tuner.indexes.vectors.VectorEngine.nearest` takes them.
        selector
            Keeps FAISS to some rows; ``None`` for all.
        widening
            How many times more rows must be looked at for one that may be found.
        """


class ApproximateEngine:
    """Finds by a structure, or by a scan where that is as quick.

    An engine derives from it, and has `find`.

    Parameters
    ----------
    rows
        The vectors.
    """

    find: Find

    def __init__(self, rows: StoredRows) -> None:
        self.rows = rows
        self._flat = flat.Engine(flat.Settings(), rows)

    def nearest(self, queries: Vectors, depth: int, only: Selection | None = None) -> Nearest:
        """Return the nearest rows for every query, nearly all of them."""
        size = self.rows.count if only is None else only.size
        if size < _FEW * self.rows.count or depth > _DEEP * size:
            return self._flat.nearest(queries, depth, only)
        selector = None if only is None else only.selector
        widening = self.rows.count / size
        with threads(len(queries)):
            found = self.find(queries, depth, selector, widening)
            for _ in range(_DOUBLINGS):
                short = np.flatnonzero((found.rows >= 0).sum(axis=1) < depth)
                if not len(short):
                    break
                widening *= 2
                again = self.find(queries[short], depth, selector, widening)
                found.rows[short], found.similarities[short] = again.rows, again.similarities
        return found


def rescored(rows: StoredRows, queries: Vectors, candidates: Ordinals) -> Nearest:
    """Return candidates by their similarities as they are stored, the nearest first.

    Parameters
    ----------
    rows
        The vectors.
    queries
        Shape (queries, dimension).
    candidates
        Shape (queries, candidates); -1 where there is none.

    Raises
    ------
    DamagedError
        If there are no such rows.
    """
    if candidates.max(initial=-1) >= rows.count:
        raise DamagedError(f"a structure names vectors that there are not: {DAMAGED}")
    similarities = np.full(candidates.shape, -np.inf, np.float32)
    for query, own, found in zip(queries, candidates, similarities, strict=True):
        real = own >= 0
        found[real] = np.einsum("rd,d->r", rows.vectors(own[real]), query)
    order = np.argsort(-similarities, axis=1, kind="stable")
    return Nearest(
        np.take_along_axis(candidates, order, axis=1),
        np.take_along_axis(similarities, order, axis=1),
        exact=False,
    )


def read_structure(file: Path, rows: StoredRows, kind: str, flags: int) -> Any:
    """Read a FAISS index that is made of some rows.

    FAISS sees the file only if it begins as one of so many vectors does: it may end the process
    where it reads what is damaged.

    Parameters
    ----------
    file
        It.
    rows
        The vectors that it is of.
    kind
        The four letters with which such a file begins.
    flags
        How FAISS is to read it.

    Raises
    ------
    SearchIndexError
        If it cannot be read, or is of other rows.
    """
    expected = kind.encode() + np.int32(rows.dimension).tobytes() + np.int64(rows.count).tobytes()
    try:
        with file.open("rb") as opened:
            found = opened.read(len(expected))
    except OSError as error:
        raise SearchIndexError(f"cannot read {file}: {error.strerror}") from error
    if found != expected:
        raise SearchIndexError(
            f"{file} is not of {rows.count:,} vectors of {rows.dimension} dimensions: {DAMAGED}"
        )
    try:
        return faiss.read_index(str(file), flags)
    except (RuntimeError, MemoryError) as error:
        reason = str(error).strip().splitlines()[-1:] or ["too large"]
        raise SearchIndexError(f"{file} is damaged ({reason[0]}): {DAMAGED}") from error


def write_structure(index: Any, file: Path, flags: int = 0) -> None:
    """Write a FAISS index that is made of some rows; what the disk says is raised as it is."""
    library: Any = faiss
    with file.open("wb") as opened:
        writer = library.PyCallbackIOWriter(opened.write, _WRITTEN)
        library.write_index(index, writer, flags)


def sample(rows: StoredRows, most: int) -> Vectors:
    """Return the vectors of some rows by chance, at most so many: the same for the same rows."""
    if rows.count <= most:
        return rows.vectors(np.arange(rows.count))
    chosen = np.random.default_rng(_SAMPLE_SEED).choice(rows.count, most, replace=False)
    return rows.vectors(np.sort(chosen))


def blocks(rows: StoredRows, size: int = 16_384) -> Iterator[Vectors]:
    """Yield the vectors of all rows, so many at a time."""
    for start in range(0, rows.count, size):
        yield rows.vectors(np.arange(start, min(start + size, rows.count)))
