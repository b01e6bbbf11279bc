"""An adapter of `Collection` to Qdrant's own engine in this process: qdrant-edge-py.

Exact search of the local mode is a reimplementation in Python; with this adapter, the tests compare
rankings with those of the engine that servers have.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.collection import (
    PASSAGE,
    VIEWS,
    Payload,
    Point,
    QdrantFilter,
    QueryRequest,
    ScoredPoints,
    SparseVector,
    StoredPoint,
    convert_vectors,
    make_stored_point,
)

qdrant = pytest.importorskip("qdrant_edge")

_PAGE = 4_096  # points
_SCHEMAS = {
    "keyword": qdrant.PayloadSchemaType.Keyword,
    "float": qdrant.PayloadSchemaType.Float,
}


class EdgeCollection:
    """A collection that is searched in this process; its files are in a folder of its name."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._folder = Path(address.location) / address.collection
        self._opened: Any = None
        if self._folder.is_dir() and any(self._folder.iterdir()):
            self._opened = qdrant.EdgeShard.load(str(self._folder))

    def exists(self) -> bool:
        """Tell whether there is such a collection."""
        return self._opened is not None

    def create(self, dimension: int, sparse: Sequence[str]) -> None:
        """Make the collection, without graphs: it is searched exactly."""
        several = qdrant.MultiVectorConfig(qdrant.MultiVectorComparator.MaxSim)
        no_graph = qdrant.HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000)
        config = qdrant.EdgeConfig(
            vectors={
                name: qdrant.EdgeVectorParams(
                    dimension,
                    qdrant.Distance.Dot,
                    hnsw_config=no_graph,
                    multivector_config=several,
                )
                for name in (PASSAGE, VIEWS)
            },
            sparse_vectors={name: qdrant.EdgeSparseVectorParams() for name in sparse},
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        self._opened = qdrant.EdgeShard.create(str(self._folder), config)

    def index_key(self, key: str, schema: str) -> None:
        """Index a key of the payload."""
        self._update(qdrant.UpdateOperation.create_field_index(key, _SCHEMAS[schema]))

    def search(self, requests: Sequence[QueryRequest]) -> list[ScoredPoints]:
        exact = qdrant.SearchParams(exact=True)
        answers = [
            self._shard.query(
                qdrant.QueryRequest(
                    limit=one.limit,
                    query=qdrant.Query.Nearest(_convert_vector(one.query), using=one.using),
                    filter=_filter(one.filter.model_dump(exclude_none=True))
                    if one.filter
                    else None,
                    params=exact,
                )
            )
            for one in requests
        ]
        return [
            ScoredPoints(
                np.array([point.id for point in points], np.int64),
                np.array([point.score for point in points], np.float64),
            )
            for points in answers
        ]

    def read(
        self, numbers: Sequence[int], keys: Sequence[str], vectors: Sequence[str] = ()
    ) -> dict[int, StoredPoint]:
        """Return those of some points that there are, by number."""
        found = self._shard.retrieve(
            list(numbers), with_payload=list(keys) or False, with_vector=list(vectors) or False
        )
        return {record.id: make_stored_point(record) for record in found}

    def scroll(self, keys: Sequence[str]) -> Iterator[tuple[int, Payload]]:
        """Yield numbers and some keys of the payload of all points that have the first of them."""
        offset = None
        while True:
            found, offset = self._shard.scroll(
                qdrant.ScrollRequest(
                    offset=offset,
                    limit=_PAGE,
                    filter=_having(keys[0]),
                    with_payload=list(keys),
                )
            )
            for record in found:
                yield record.id, record.payload or {}
            if offset is None:
                return

    def write(self, points: Sequence[Point]) -> None:
        """Add points, or replace them."""
        self._update(
            qdrant.UpdateOperation.upsert_points(
                [
                    qdrant.Point(
                        id=point.number, vector=_convert_vectors(point), payload=point.payload
                    )
                    for point in points
                ]
            )
        )

    def update(self, points: Sequence[Point]) -> None:
        """Replace some vectors, and then some keys of the payload, of points that there are."""
        changed = [point for point in points if point.vectors]
        vectors = [qdrant.PointVectors(point.number, _convert_vectors(point)) for point in changed]
        self._update(qdrant.UpdateOperation.update_vectors(vectors))
        numbers: list[Any] = [point.number for point in points]
        self._update(qdrant.UpdateOperation.set_payload(numbers, points[0].payload))

    def delete(self, numbers: Sequence[int]) -> None:
        """Remove points."""
        self._update(qdrant.UpdateOperation.delete_points(list(numbers)))

    def count(self, key: str | None = None) -> int:
        """Return how many points have a key in their payload; of all points without one."""
        having = _having(key) if key else None
        return int(self._shard.count(qdrant.CountRequest(exact=True, filter=having)))

    def list_values(self, key: str, most: int) -> list[str]:
        """Return the different texts that points have for a key, at most so many."""
        hits = self._shard.facet(qdrant.FacetRequest(key=key, limit=most, exact=True))
        return [hit.value for hit in hits if isinstance(hit.value, str)]

    def close(self) -> None:
        """Close the files."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _shard(self) -> Any:
        assert self._opened is not None
        return self._opened

    def _update(self, operation: Any) -> None:
        self._shard.update(operation)


def _having(key: str) -> Any:
    """Return the filter of points that have a key."""
    return qdrant.Filter(must_not=[qdrant.IsEmptyCondition(key)])


def _filter(filter: QdrantFilter) -> Any:
    """Return a filter as the engine takes it."""
    must, should, must_not = (
        [_condition(one) for one in filter[clause]] if clause in filter else None
        for clause in ("must", "should", "must_not")
    )
    return qdrant.Filter(must=must, should=should, must_not=must_not)


def _condition(condition: QdrantFilter) -> Any:
    if "has_id" in condition:
        return qdrant.HasIdCondition(set(condition["has_id"]))
    if "key" not in condition:
        return _filter(condition)
    if "range" in condition:
        wanted = qdrant.RangeFloat(**condition["range"])
        return qdrant.FieldCondition(condition["key"], range=wanted)
    ((name, value),) = condition["match"].items()
    kinds = {"value": qdrant.MatchValue, "any": qdrant.MatchAny, "prefix": qdrant.MatchPrefix}
    return qdrant.FieldCondition(condition["key"], match=kinds[name](value))


def _convert_vector(vector: Any) -> Any:
    if isinstance(vector, SparseVector):
        return qdrant.SparseVector(vector.indices, vector.values)
    return vector


def _convert_vectors(point: Point) -> dict[str, Any]:
    return {name: _convert_vector(vector) for name, vector in convert_vectors(point).items()}
