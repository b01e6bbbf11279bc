"""The comparison with other libraries, with those that the project itself depends on."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.__main__ import (
    measure_library,
    prepare,
    rank_documents,
    run_worker,
)
from benchmarks.peers.worker import hash_text
from corpus_tuner import Document
from corpus_tuner.eval.trec.benchmark import Benchmark

DOCUMENTS = [
    Document("mill", "Mills", "The mill grinds the wheat of the whole valley."),
    Document("law", "", "The law of rents protects those who live in a house."),
    Document("sea", "", "Sailors watch the tides of the sea from the harbour."),
]
BENCHMARK = Benchmark(
    "tiny",
    "",
    {"q1": "grinding wheat", "q2": "tides"},
    {"q1": {"mill": 1}, "q2": {"sea": 1}},
)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Vectors in which the first query is nearest to its document, the second is not."""
    rows = {
        "Mills The mill grinds the wheat of the whole valley.": [1, 0],
        DOCUMENTS[1].text: [0, 1],
        DOCUMENTS[2].text: [0.6, 0.8],
        "grinding wheat": [1, 0],
        "tides": [0, 1],
    }
    keys = np.array([np.frombuffer(hash_text(text), np.uint8) for text in rows])
    file = tmp_path / "tiny.npz"
    np.savez(file, keys=keys, vectors=np.array(list(rows.values()), np.float32))
    return file


def test_dense_search_takes_the_vectors_of_the_collection(vectors: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    job = prepare(BENCHMARK, DOCUMENTS, folder, vectors)
    qualities, costs = measure_library(
        "sentence_transformers", sys.executable, BENCHMARK, folder, job
    )
    assert [one.hits for one in qualities] == [100, 10]
    assert qualities[0].measures["MRR@100"] == pytest.approx((1 + 1 / 2) / 2)
    assert qualities[0].system == costs[0].system == "sentence-transformers + FAISS"
    assert costs[0].index_mib > 0
    assert costs[0].first_search_seconds > costs[0].search_milliseconds / 1000 > 0


def test_bm25_stems_in_the_language_of_the_collection(vectors: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    assert prepare(BENCHMARK, DOCUMENTS, folder, vectors)["language"] == "en"
    run_worker(sys.executable, "bm25s", "index", folder)
    found = run_worker(sys.executable, "bm25s", "search", folder)
    assert found["runs"]["bm25s"]["10"]["q1"][0] == "mill"  # grinding, grinds


def test_an_error_of_a_library_is_shown(vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"bm25s, search:[\s\S]*FileNotFoundError"):
        run_worker(sys.executable, "bm25s", "search", tmp_path)


def test_documents_are_ranked_once_in_the_order_of_the_library() -> None:
    assert rank_documents({"q": ["b", "a", "b"]}) == {"q": [("b", 1.0), ("a", 0.5)]}
