"""Haystack, the pipeline of its tutorial on hybrid retrieval with a joiner instead of a ranker."""

from collections.abc import Sequence
from pathlib import Path

from haystack import Document as HaystackDocument
from haystack import Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import (
    InMemoryBM25Retriever,
    InMemoryEmbeddingRetriever,
)
from haystack.document_stores.in_memory import InMemoryDocumentStore

from benchmarks.peers.worker import Document, Encode, Search


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    vectors = encode([document.full_text for document in documents])
    store = InMemoryDocumentStore()
    store.write_documents(
        [
            HaystackDocument(id=document.id, content=document.full_text, embedding=vector.tolist())
            for document, vector in zip(documents, vectors, strict=True)
        ]
    )
    folder.mkdir()
    store.save_to_disk(str(folder / "store.json"))


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    store = InMemoryDocumentStore.load_from_disk(str(folder / "store.json"))

    pipeline = Pipeline()
    pipeline.add_component("bm25", InMemoryBM25Retriever(store))
    pipeline.add_component("dense", InMemoryEmbeddingRetriever(store))
    pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
    pipeline.connect("bm25", "joiner")
    pipeline.connect("dense", "joiner")

    def search(query: str, k: int) -> list[str]:
        vector = encode([query])[0].tolist()
        found = pipeline.run(
            {
                "bm25": {"query": query, "top_k": k},
                "dense": {"query_embedding": vector, "top_k": k},
                "joiner": {"top_k": k},
            }
        )
        return [document.id for document in found["joiner"]["documents"]]

    return {"Haystack, RRF": search}
