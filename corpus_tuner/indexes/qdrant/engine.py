"""What is asked of Qdrant, whether it is a server or in this process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.vectors import Ordinals

PASSAGE, VIEWS = "passage", "views"
"""The names of the dense vectors; those of the sparse ones are the lexical rankers'."""

Payload = dict[str, Any]
QdrantFilter = Mapping[str, Any]
"""A filter as Qdrant's own JSON has it."""


class Sparse(NamedTuple):
    """A sparse vector: its dimensions and values, both of shape (terms,)."""

    indices: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


class Asked(NamedTuple):
    """One list that is asked for: all points are compared, by inner products.

    Attributes
    ----------
    using
        The name of the vector.
    vector
        Of the query: float32, shape (dimension,), or sparse.
    limit
        How many points.
    filter
        Which points may be found; all if left out.
    among
        Their numbers, where only some are asked about.
    """

    using: str
    vector: Vectors | Sparse
    limit: int
    filter: QdrantFilter | None = None
    among: Ordinals | None = None


class Listed(NamedTuple):
    """The points that were found, best first: numbers and scores, both of shape (points,)."""

    numbers: Ordinals
    scores: Scores


class Point(NamedTuple):
    """A point that is written.

    Attributes
    ----------
    number
        Its id.
    vectors
        By name: of shape (dimension,) for `PASSAGE`, (rows, dimension) for `VIEWS`, else sparse.
    payload
        Whatever JSON can hold.
    """

    number: int
    vectors: Mapping[str, Vectors | Sparse]
    payload: Payload


class Stored(NamedTuple):
    """What is read of a point: keys of its payload, and dense vectors, shape (rows, dimension)."""

    payload: Payload
    vectors: Mapping[str, Vectors]


class Engine(Protocol):
    """One collection; safe to use from several threads.

    What goes wrong is a `SearchIndexError` that names the collection.
    """

    def exists(self) -> bool:
        """Tell whether there is such a collection."""

    def create(self, dimension: int, sparse: Sequence[str]) -> None:
        """Make the collection, without graphs: it is searched exactly.

        Parameters
        ----------
        dimension
            Of the dense vectors, float32.
        sparse
            The names of the sparse ones.
        """

    def index_key(self, key: str, schema: str) -> None:
        """Index a key of the payload: as ``keyword`` or ``float``."""

    def query(self, asked: Sequence[Asked]) -> list[Listed]:
        """Return the best points for every list."""

    def stored(
        self, numbers: Sequence[int], keys: Sequence[str], vectors: Sequence[str] = ()
    ) -> dict[int, Stored]:
        """Return those of some points that there are, by number."""

    def scroll(self, keys: Sequence[str]) -> Iterator[tuple[int, Payload]]:
        """Yield numbers and some keys of the payload of all points that have the first of them."""

    def write(self, points: Sequence[Point]) -> None:
        """Add points, or replace them."""

    def rewrite(self, points: Sequence[Point]) -> None:
        """Replace some vectors, and then some keys of the payload, of points that there are.

        Parameters
        ----------
        points
            All have the same payload.
        """

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove points."""

    def count(self, key: str | None = None) -> int:
        """Return how many points have a key in their payload; of all points without one."""

    def values(self, key: str, most: int) -> list[str]:
        """Return the different texts that points have for a key, at most so many."""

    def close(self) -> None:
        """Close files and connections."""


def as_input(asked: Asked, sparse: Callable[[Sparse], Any]) -> Any:
    """Return a query's vector as the libraries of Qdrant take it.

    Parameters
    ----------
    asked
        The list that it is for.
    sparse
        Makes a library's own of a sparse vector.
    """
    if isinstance(asked.vector, Sparse):
        return sparse(asked.vector)
    return [asked.vector.tolist()] if asked.using == VIEWS else asked.vector.tolist()


def as_vectors(point: Point, sparse: Callable[[Sparse], Any]) -> dict[str, Any]:
    """Return a point's vectors as the libraries take them; see `as_input`."""
    return {
        name: sparse(vector) if isinstance(vector, Sparse) else vector.tolist()
        for name, vector in point.vectors.items()
    }


def rows_of(vectors: Any) -> Mapping[str, Vectors]:
    """Return dense vectors of a point, as the libraries give them, as rows."""
    named = vectors if isinstance(vectors, dict) else {}
    return {name: np.atleast_2d(np.array(own, np.float32)) for name, own in named.items()}


def open_engine(address: Address) -> Engine:
    """Open a collection, or what it can be made in.

    Raises
    ------
    SearchIndexError
        If a library is not installed, or the folder cannot be used.
    """
    if address.kind == "edge":
        from corpus_tuner.indexes.qdrant.edge import EdgeEngine

        return EdgeEngine(address)
    from corpus_tuner.indexes.qdrant.client import ClientEngine

    return ClientEngine(address)
