"""Collections of Qdrant by qdrant-client: on a server, or in a folder of its local mode."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.vectors import Ordinals

try:
    from qdrant_client import QdrantClient, models
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
    from qdrant_client.models import QueryRequest as QueryRequest
    from qdrant_client.models import SparseVector as SparseVector
except ImportError as error:
    raise SearchIndexError(describe_missing_extra("an index in Qdrant", "qdrant")) from error

KEY_VARIABLE = "QDRANT_API_KEY"
PASSAGE, VIEWS = "passage", "views"
"""Names of the dense vectors; those of the sparse vectors are the lexical rankers'."""

Payload = dict[str, Any]
QdrantFilter = Mapping[str, Any]
"""A filter as Qdrant's JSON."""

_TIMEOUT = 60  # seconds
_PAGE = 4_096  # points
_REFUSED = (401, 403)


class ScoredPoints(NamedTuple):
    """Points found by a query, best first: numbers and scores, both of shape (points,)."""

    numbers: Ordinals
    scores: Scores


class Point(NamedTuple):
    """A point to be written: its id, vectors by name, and a payload of JSON values.

    Vectors have the shape (rows, dimension) for `PASSAGE` and `VIEWS`; others are
    sparse.
    """

    number: int
    vectors: Mapping[str, Vectors | SparseVector]
    payload: Payload


class StoredPoint(NamedTuple):
    """A point that was read: keys of its payload, and dense vectors, shape (rows, dimension)."""

    payload: Payload
    vectors: Mapping[str, Vectors]


class Collection:
    """A collection of Qdrant; safe to use from several threads.

    Errors are raised as `SearchIndexError` that names the collection.

    Parameters
    ----------
    address
        Address of the collection. The key of a server is taken from ``QDRANT_API_KEY``.

    Raises
    ------
    SearchIndexError
        If the folder cannot be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._name = address.collection
        self._is_local = address.kind == "local"
        # Files and arrays of the local mode are not made for several threads.
        self._lock: AbstractContextManager[Any] = nullcontext()
        if self._is_local:
            self._lock = threading.RLock()
        with self._translate_errors():
            if self._is_local:
                Path(address.location).mkdir(parents=True, exist_ok=True)
                self._client = QdrantClient(
                    path=address.location, force_disable_check_same_thread=True
                )
            else:
                key = os.environ.get(KEY_VARIABLE) or None
                self._client = QdrantClient(
                    url=address.location, api_key=key, timeout=_TIMEOUT, check_compatibility=False
                )

    def exists(self) -> bool:
        """Tell whether the collection exists."""
        return bool(self._call("collection_exists"))

    def create(self, dimension: int, sparse: Sequence[str]) -> None:
        """Create the collection without graphs, since it is searched exactly.

        Dense vectors have this length, sparse ones these names.
        """
        no_graph = models.HnswConfigDiff(m=0)
        several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
        dense = {
            name: models.VectorParams(
                size=dimension,
                distance=models.Distance.DOT,
                hnsw_config=no_graph,
                multivector_config=several,
            )
            for name in (PASSAGE, VIEWS)
        }
        of_terms = {name: models.SparseVectorParams() for name in sparse}
        self._call("create_collection", vectors_config=dense, sparse_vectors_config=of_terms)

    def index_key(self, key: str, schema: str) -> None:
        """Create an index of a key of the payload, as ``keyword`` or ``float``."""
        if not self._is_local:  # which has no such indexes, and warns
            self._call("create_payload_index", key, models.PayloadSchemaType(schema), wait=True)

    def search(self, requests: Sequence[QueryRequest]) -> list[ScoredPoints]:
        """Return the best points for every request of `make_request`."""
        if not requests:
            return []
        if not self._is_local:  # which is always exact, and warns
            for request in requests:
                request.params = models.SearchParams(exact=True)
        answers = self._call("query_batch_points", requests)
        return [
            ScoredPoints(
                np.array([point.id for point in answer.points], np.int64),
                np.array([point.score for point in answer.points], np.float64),
            )
            for answer in answers
        ]

    def read(
        self, numbers: Sequence[int], keys: Sequence[str], vectors: Sequence[str] = ()
    ) -> dict[int, StoredPoint]:
        """Return those of some points that exist, by number."""
        found = self._call(
            "retrieve",
            list(numbers),
            with_payload=list(keys) or False,
            with_vectors=list(vectors) or False,
        )
        return {int(record.id): make_stored_point(record) for record in found}

    def scroll(self, keys: Sequence[str]) -> Iterator[tuple[int, Payload]]:
        """Yield numbers and some keys of the payload of all points that have the first key."""
        offset: Any = None
        while True:
            found, offset = self._call(
                "scroll", _require_key(keys[0]), _PAGE, offset=offset, with_payload=list(keys)
            )
            for record in found:
                yield int(record.id), record.payload or {}
            if offset is None:
                return

    def write(self, points: Sequence[Point]) -> None:
        """Add points, or replace them."""
        structs = [
            models.PointStruct(
                id=point.number, vector=convert_vectors(point), payload=point.payload
            )
            for point in points
        ]
        self._call("upsert", structs, wait=True)

    def update(self, points: Sequence[Point]) -> None:
        """Replace vectors, then keys of the payload, which is the same for all, of some points."""
        vectors = [
            models.PointVectors(id=point.number, vector=convert_vectors(point))
            for point in points
            if point.vectors
        ]
        numbers = [point.number for point in points]
        self._call("update_vectors", vectors, wait=True)
        self._call("set_payload", points[0].payload, numbers, wait=True)

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete points."""
        self._call("delete", models.PointIdsList(points=list(numbers)), wait=True)

    def count(self, key: str | None = None) -> int:
        """Return the number of points that have a key in their payload; of all by default."""
        return int(self._call("count", _require_key(key) if key else None, exact=True).count)

    def list_values(self, key: str, most: int) -> list[str]:
        """Return different texts that points have for a key, at most this many."""
        found = self._call("facet", key, limit=most, exact=True)
        return [hit.value for hit in found.hits if isinstance(hit.value, str)]

    def close(self) -> None:
        """Close files and connections."""
        self._client.close()

    def _call(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of the client for this collection."""
        with self._translate_errors():
            return getattr(self._client, method)(self._name, *arguments, **named)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise errors as `SearchIndexError`; in local mode, let in one thread at a time."""
        try:
            with self._lock:
                yield
        except UnexpectedResponse as error:
            reason = error.reason_phrase or ""
            if error.status_code in _REFUSED:
                reason = f"it requires a key, or another one: set {KEY_VARIABLE}"
            elif error.content:
                reason = error.content.decode("utf-8", "replace")[:500]
            raise SearchIndexError(
                f"{self._address}: Qdrant answered {error.status_code}: {reason}"
            ) from error
        except ResponseHandlingException as error:
            raise SearchIndexError(
                f"{self._address}: Qdrant cannot be reached: {error.source}"
            ) from error
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, SearchIndexError):
                raise
            raise SearchIndexError(f"{self._address}: {error}") from error


def make_request(
    using: str,
    vector: Vectors | SparseVector,
    limit: int,
    *,
    filter: QdrantFilter | None = None,
    among: Ordinals | None = None,
) -> QueryRequest:
    """Return a request for the points whose vectors of a name have the greatest inner products.

    The vector of the query is float32, shape (dimension,), or sparse. Points may be restricted by a
    filter, or to those `among` some numbers.
    """
    query: Any = vector if isinstance(vector, SparseVector) else vector.tolist()
    conditions: list[Any] = []
    if among is not None:
        conditions.append(models.HasIdCondition(has_id=among.tolist()))
    if filter:
        conditions.append(models.Filter.model_validate(filter))
    return QueryRequest(
        query=[query] if using in (PASSAGE, VIEWS) else query,
        using=using,
        limit=limit,
        filter=models.Filter(must=conditions) if conditions else None,
        with_payload=False,
    )


def convert_vectors(point: Point) -> dict[str, Any]:
    """Return the vectors of a point as qdrant-client takes them."""
    return {
        name: vector if isinstance(vector, SparseVector) else vector.tolist()
        for name, vector in point.vectors.items()
    }


def make_stored_point(record: Any) -> StoredPoint:
    """Return a record of Qdrant as a point with dense vectors."""
    vectors = record.vector if isinstance(record.vector, dict) else {}
    rows = {name: np.atleast_2d(np.array(own, np.float32)) for name, own in vectors.items()}
    return StoredPoint(record.payload or {}, rows)


def _require_key(key: str) -> models.Filter:
    """Return the filter of points that have a key."""
    return models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=key))])
