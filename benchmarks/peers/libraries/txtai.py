"""txtai, hybrid search as its documentation has it: BM25 and vectors, ten times the candidates."""

from collections.abc import Sequence
from pathlib import Path

from txtai import Embeddings

from benchmarks.peers.worker import Document, Encode, Search


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    embeddings = Embeddings(
        hybrid=True, method="external", transform=lambda texts: encode(list(texts))
    )
    embeddings.index((document.id, document.full_text) for document in documents)
    embeddings.save(str(folder))


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    embeddings = Embeddings()
    transform = {"transform": lambda texts: encode(list(texts))}
    embeddings.load(str(folder), config=transform)

    def search(query: str, k: int) -> list[str]:
        return [found for found, _ in embeddings.search(query, k)]

    return {"txtai, hybrid": search}
