"""Documents by the vectors of their views, in segments."""

from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations import views
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from tests.indexes.indexing import Table, encoded, write_index

WORDS = ["river", "mill", "wheat", "bread", "bridge", "stone"]
MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_segments_do_not_change_what_is_found(tmp_path: Path, storage: str) -> None:
    chance = np.random.default_rng(0)
    documents = []
    for number in range(60):
        vectors = chance.normal(size=(1 + number % 4, 8)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        text = " ".join(chance.choice(WORDS, 1 + number % 7))
        documents.append(encoded(number, text, vectors))
    query = chance.normal(size=8).astype(np.float32)
    encoder = Table({"mill bread": query / np.linalg.norm(query)}, dimension=8)
    runs = []
    for segments in (1, 2, 7):
        index = tmp_path / str(segments)
        chosen = views.Settings.model_validate({"name": "views", "storage": storage})
        manifest = write_index(index, documents, chosen, LexicalSettings(), segments=segments)
        assert len(manifest.segments) == segments
        with Searcher.open(index, encoder=encoder, checksums=True) as searcher:
            runs.append({m: list(searcher.rank(["mill bread"], 20, mode=m)) for m in MODES})
            assert searcher.read_document("d59") is not None
            only = searcher.search("mill bread", 60, filter={"number": {"gte": 55}})
            assert {hit.document.id for hit in only} <= {f"d{n}" for n in range(55, 60)}
    assert runs[0] == runs[1] == runs[2]


def test_equal_documents_tie_however_deep_is_looked(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(1, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors)
    others = chance.normal(size=(300, 64)).astype(np.float32) / 8
    documents = [encoded(number, "mill", own[None]) for number, own in enumerate(others)]
    documents += [encoded(number, "mill", vectors) for number in range(300, 340)]
    write_index(tmp_path, documents, views.Settings(), LexicalSettings())
    query = vectors[0] + chance.normal(size=64).astype(np.float32) / 100
    with Searcher.open(tmp_path, encoder=Table({"mill": query}, dimension=64)) as searcher:
        for k in (1, 3, 40, 340):
            for mode in ("dense", "hybrid"):
                (found,) = searcher.rank(["mill"], k, mode=mode)
                equal = [id_ for id_, _ in found[:40]]
                assert equal == sorted(f"d{number}" for number in range(300, 340))[:k]
