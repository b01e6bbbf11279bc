"""LanceDB, hybrid search as its documentation has it: full-text index, vectors, a reranker."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lancedb
from lancedb.rerankers import LinearCombinationReranker, RRFReranker

from benchmarks.peers.worker import Document, Encode, Search

LANGUAGES = {"en": "English", "de": "German"}


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    vectors = encode([document.full_text for document in documents])
    table = lancedb.connect(str(folder)).create_table(
        "documents",
        [
            {"id": document.id, "text": document.full_text, "vector": vector}
            for document, vector in zip(documents, vectors, strict=True)
        ],
    )
    table.create_fts_index("text", language=LANGUAGES[language])


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    table = lancedb.connect(str(folder)).open_table("documents")

    def search(reranker: Any, query: str, k: int) -> list[str]:
        builder = table.search(query_type="hybrid").vector(encode([query])[0]).text(query)
        found = builder.rerank(reranker).limit(k).select(["id"]).to_list()
        return [hit["id"] for hit in found]

    return {
        "LanceDB, RRF": partial(search, RRFReranker()),
        "LanceDB, linear": partial(search, LinearCombinationReranker()),
    }
