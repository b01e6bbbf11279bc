"""Qdrant's engine in this process, hybrid queries as its documentation has them.

Two prefetches of at least 20, dense vectors and BM25 with IDF, fused by RRF or DBSF. The average
length of documents, which BM25 of Qdrant takes as a parameter, is counted in words.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import qdrant_edge as qdrant

from benchmarks.peers.worker import Document, Encode, Search

LANGUAGES = {"en": "english", "de": "german"}


def open_bm25(language: str, average: float | None = None) -> Any:
    return qdrant.Bm25(qdrant.Bm25Config(language=LANGUAGES[language], avg_len=average))


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    texts = [document.full_text for document in documents]
    vectors = encode(texts)
    bm25 = open_bm25(language, sum(len(text.split()) for text in texts) / len(texts))
    config = qdrant.EdgeConfig(
        vectors={"dense": qdrant.EdgeVectorParams(vectors.shape[1], qdrant.Distance.Cosine)},
        sparse_vectors={"bm25": qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
    )
    folder.mkdir()
    shard = qdrant.EdgeShard.create(str(folder), config)
    points = [
        qdrant.Point(
            id=number,
            vector={"dense": vectors[number].tolist(), "bm25": bm25.embed_document(text)},
            payload={"id": document.id, "text": text},
        )
        for number, (document, text) in enumerate(zip(documents, texts, strict=True))
    ]
    shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.close()


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    shard = qdrant.EdgeShard.load(str(folder))
    bm25 = open_bm25(language)

    def search(fusion: Any, query: str, k: int) -> list[str]:
        vectors = {"dense": encode([query])[0].tolist(), "bm25": bm25.embed_query(query)}
        prefetches = [
            qdrant.Prefetch(limit=max(20, k), query=qdrant.Query.Nearest(vector, using=name))
            for name, vector in vectors.items()
        ]
        found = shard.query(
            qdrant.QueryRequest(prefetches=prefetches, query=fusion, limit=k, with_payload=["id"])
        )
        return [json.loads(json.dumps(point.payload))["id"] for point in found]

    return {
        "Qdrant, RRF": partial(search, qdrant.Fusion.Rrf(k=2)),
        "Qdrant, DBSF": partial(search, qdrant.Fusion.Dbsf()),
    }
