"""LlamaIndex, its example of a fusion retriever: an index of vectors and BM25, no query is written.

Every document is one node.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import Stemmer
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.retrievers.bm25 import BM25Retriever

from benchmarks.peers.worker import Document, Encode, Search

LANGUAGES = {"en": "english", "de": "german"}
MODES = {
    "LlamaIndex, RRF": "reciprocal_rerank",
    "LlamaIndex, relative score": "relative_score",
}


class Encoder(BaseEmbedding):
    """The encoder, as LlamaIndex calls it."""

    encode: Any

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self.encode(texts).tolist()
        return found

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    nodes = [TextNode(id_=one.id, text=one.full_text) for one in documents]
    vectors = VectorStoreIndex(nodes, embed_model=Encoder(encode=encode))
    vectors.storage_context.persist(str(folder / "vectors"))
    stemmer = Stemmer.Stemmer(LANGUAGES[language])
    words = BM25Retriever.from_defaults(nodes=nodes, stemmer=stemmer, language=language)
    words.persist(str(folder / "bm25"))


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    context = StorageContext.from_defaults(persist_dir=str(folder / "vectors"))
    vectors = load_index_from_storage(context, embed_model=Encoder(encode=encode))
    words = BM25Retriever.from_persist_dir(str(folder / "bm25"))
    words.stemmer = Stemmer.Stemmer(LANGUAGES[language])

    def search(mode: str, query: str, k: int) -> list[str]:
        words.similarity_top_k = min(k, len(words.corpus))
        retriever = QueryFusionRetriever(
            [vectors.as_retriever(similarity_top_k=k), words],
            llm=MockLLM(),
            similarity_top_k=k,
            num_queries=1,
            mode=mode,
            use_async=False,
        )
        return [found.node.node_id for found in retriever.retrieve(query)]

    return {name: partial(search, mode) for name, mode in MODES.items()}
