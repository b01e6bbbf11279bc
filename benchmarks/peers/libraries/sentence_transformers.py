"""sentence-transformers with an exact index of FAISS, by inner products of unit vectors."""

import json
from collections.abc import Sequence
from pathlib import Path

import faiss

from benchmarks.peers.worker import Document, Encode, Search


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    vectors = encode([document.full_text for document in documents])
    rows = faiss.IndexFlatIP(vectors.shape[1])
    rows.add(vectors)
    folder.mkdir()
    faiss.write_index(rows, str(folder / "vectors.faiss"))
    ids = json.dumps([document.id for document in documents])
    (folder / "ids.json").write_text(ids, encoding="utf-8")


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    rows = faiss.read_index(str(folder / "vectors.faiss"))
    ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))

    def search(query: str, k: int) -> list[str]:
        _, found = rows.search(encode([query]), min(k, len(ids)))
        return [ids[row] for row in found[0]]

    return {"sentence-transformers + FAISS": search}
