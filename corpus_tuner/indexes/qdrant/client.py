"""Collections by qdrant-client: on a server, or in a folder of its local mode."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.engine import (
    PASSAGE,
    VIEWS,
    Asked,
    Listed,
    Payload,
    Point,
    Sparse,
    Stored,
    as_input,
    as_vectors,
    rows_of,
)

try:
    from qdrant_client import QdrantClient, models
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
except ImportError as error:
    raise SearchIndexError(describe_missing_extra("an index in Qdrant", "qdrant")) from error

KEY_VARIABLE = "QDRANT_API_KEY"
_TIMEOUT = 60  # seconds
_PAGE = 4_096  # points
_REFUSED = (401, 403)


class ClientEngine:
    """A collection that qdrant-client reaches.

    Parameters
    ----------
    address
        Where it is. The key of a server is taken from ``QDRANT_API_KEY``.

    Raises
    ------
    SearchIndexError
        If the folder cannot be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._name = address.collection
        # The local mode has files and arrays that are not made for several threads.
        self._lock: AbstractContextManager[Any] = nullcontext()
        with self._said():
            if address.kind == "server":
                key = os.environ.get(KEY_VARIABLE) or None
                self._client = QdrantClient(
                    url=address.location, api_key=key, timeout=_TIMEOUT, check_compatibility=False
                )
            else:
                self._lock = threading.RLock()
                Path(address.location).mkdir(parents=True, exist_ok=True)
                self._client = QdrantClient(
                    path=address.location, force_disable_check_same_thread=True
                )

    def exists(self) -> bool:
        """Tell whether there is such a collection."""
        with self._said():
            return bool(self._client.collection_exists(self._name))

    def create(self, dimension: int, sparse: Sequence[str]) -> None:
        """Make the collection, without graphs: it is searched exactly."""
        no_graph = models.HnswConfigDiff(m=0)
        several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
        with self._said():
            self._client.create_collection(
                self._name,
                vectors_config={
                    name: models.VectorParams(
                        size=dimension,
                        distance=models.Distance.DOT,
                        hnsw_config=no_graph,
                        multivector_config=several if name == VIEWS else None,
                    )
                    for name in (PASSAGE, VIEWS)
                },
                sparse_vectors_config={name: models.SparseVectorParams() for name in sparse},
            )

    def index_key(self, key: str, schema: str) -> None:
        """Index a key of the payload."""
        if self._address.kind == "local":
            return  # it has no such indexes, and warns of that
        with self._said():
            self._client.create_payload_index(
                self._name, key, models.PayloadSchemaType(schema), wait=True
            )

    def query(self, asked: Sequence[Asked]) -> list[Listed]:
        """Return the best points for every list."""
        if not asked:
            return []
        is_local = self._address.kind == "local"  # always exact, and warns of what it does not need
        exact = None if is_local else models.SearchParams(exact=True)
        requests = [
            models.QueryRequest(
                query=as_input(one, _sparse),
                using=one.using,
                limit=one.limit,
                filter=_filter(one),
                params=exact,
                with_payload=False,
            )
            for one in asked
        ]
        with self._said():
            answers = self._client.query_batch_points(self._name, requests)
        return [
            Listed(
                np.array([point.id for point in answer.points], np.int64),
                np.array([point.score for point in answer.points], np.float64),
            )
            for answer in answers
        ]

    def stored(
        self, numbers: Sequence[int], keys: Sequence[str], vectors: Sequence[str] = ()
    ) -> dict[int, Stored]:
        """Return those of some points that there are, by number."""
        with self._said():
            found = self._client.retrieve(
                self._name,
                list(numbers),
                with_payload=list(keys) or False,
                with_vectors=list(vectors) or False,
            )
        return {
            int(record.id): Stored(record.payload or {}, rows_of(record.vector)) for record in found
        }

    def scroll(self, keys: Sequence[str]) -> Iterator[tuple[int, Payload]]:
        """Yield numbers and some keys of the payload of all points that have the first of them."""
        offset: Any = None
        while True:
            with self._said():
                found, offset = self._client.scroll(
                    self._name,
                    scroll_filter=_having(keys[0]),
                    limit=_PAGE,
                    offset=offset,
                    with_payload=list(keys),
                )
            for record in found:
                yield int(record.id), record.payload or {}
            if offset is None:
                return

    def write(self, points: Sequence[Point]) -> None:
        """Add points, or replace them."""
        with self._said():
            self._client.upsert(
                self._name,
                [
                    models.PointStruct(
                        id=point.number, vector=as_vectors(point, _sparse), payload=point.payload
                    )
                    for point in points
                ],
                wait=True,
            )

    def rewrite(self, points: Sequence[Point]) -> None:
        """Replace some vectors, and then some keys of the payload, of points that there are."""
        changed = [point for point in points if point.vectors]
        with self._said():
            self._client.update_vectors(
                self._name,
                [
                    models.PointVectors(id=one.number, vector=as_vectors(one, _sparse))
                    for one in changed
                ],
                wait=True,
            )
            self._client.set_payload(
                self._name, points[0].payload, [point.number for point in points], wait=True
            )

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove points."""
        with self._said():
            self._client.delete(self._name, models.PointIdsList(points=list(numbers)), wait=True)

    def count(self, key: str | None = None) -> int:
        """Return how many points have a key in their payload; of all points without one."""
        having = _having(key) if key else None
        with self._said():
            return int(self._client.count(self._name, having, exact=True).count)

    def values(self, key: str, most: int) -> list[str]:
        """Return the different texts that points have for a key, at most so many."""
        with self._said():
            found = self._client.facet(self._name, key, limit=most, exact=True)
        return [hit.value for hit in found.hits if isinstance(hit.value, str)]

    def close(self) -> None:
        """Close files and connections."""
        self._client.close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say what went wrong as the project does; where it must be, one thread at a time."""
        try:
            with self._lock:
                yield
        except UnexpectedResponse as error:
            said = error.reason_phrase or ""
            if error.status_code in _REFUSED:
                said = f"it asks for a key, or for another one: set {KEY_VARIABLE}"
            elif error.content:
                said = error.content.decode("utf-8", "replace")[:500]
            raise SearchIndexError(
                f"{self._address}: Qdrant answered {error.status_code}: {said}"
            ) from error
        except ResponseHandlingException as error:
            raise SearchIndexError(
                f"{self._address}: Qdrant cannot be reached: {error.source}"
            ) from error
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, SearchIndexError):
                raise
            raise SearchIndexError(f"{self._address}: {error}") from error


def _having(key: str) -> models.Filter:
    """Return the filter of points that have a key."""
    return models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=key))])


def _filter(asked: Asked) -> models.Filter | None:
    filter = models.Filter.model_validate(asked.filter) if asked.filter else None
    if asked.among is None:
        return filter
    among = models.HasIdCondition(has_id=asked.among.tolist())
    return models.Filter(must=[among, *([filter] if filter else [])])


def _sparse(vector: Sparse) -> models.SparseVector:
    return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
