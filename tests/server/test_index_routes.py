"""Routes for the index and its documents, which those who may also change."""

import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.building.add import Adder
from corpus_tuner.building.merge import MOST_SEGMENTS
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.search_settings import HybridWeights
from corpus_tuner.indexes.store.write_lock import lock_index
from corpus_tuner.server.app import create_app
from tests.conftest import make_documents, write_jsonl
from tests.server.conftest import local, make_tokens, until

NEW = {"documents": [{"id": "a/b c", "text": "A new mill.", "metadata": {"year": 2026}}]}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    folder = tmp_path_factory.mktemp("changes")
    corpus = write_jsonl(folder / "c.jsonl", make_documents(10))
    chosen = load_recipe(None, ["generator=null", "calibrate=false", "language=en"])
    build(corpus, folder / "i", chosen, encoder=encoder)
    return folder / "i"


@pytest.fixture
def small_index(tmp_path: Path, built: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "i"))


@pytest.fixture
def writable(small_index: Path, encoder: Any) -> Iterator[TestClient]:
    searcher = Searcher.open(small_index, encoder=encoder)
    adder = Adder(small_index, encoder=encoder)
    tokens, headers = make_tokens(small_index.parent, writer=None)
    with local(create_app(searcher, tokens, adder=adder), headers=headers["writer"]) as client:
        yield client


def found(writable: TestClient) -> list[str]:
    request = {"query": "a new mill", "k": 50}
    (result,) = writable.post("/v1/search", json=request).json()["results"]
    return [hit["id"] for hit in result["hits"]]


def test_documents_come_and_go(writable: TestClient) -> None:
    answer = writable.post("/v1/documents", json=NEW)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"added": 1, "changed": 0, "removed": 0, "unchanged": 10}
    assert "a/b c" in found(writable)
    assert writable.get("/v1/documents/a%2Fb%20c").json()["text"] == "A new mill."
    assert writable.post("/v1/documents", json=NEW).json()["unchanged"] == 11
    answer = writable.delete("/v1/documents/a%2Fb%20c")
    assert answer.json()["removed"] == 1
    assert "a/b c" not in found(writable)
    assert writable.get("/v1/documents/a%2Fb%20c").status_code == 404
    assert writable.delete("/v1/documents/a%2Fb%20c").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"documents": []}, 422, "documents"),
        ({"documents": [{"id": "", "text": "x"}]}, 422, "documents.0.id"),
        ({"documents": [{"id": "x", "body": "x"}]}, 422, "documents.0.body: Extra"),
        ({"documents": [{"id": "x"}]}, 400, "document 1, field 'text': empty"),
        ({"documents": [{"id": "x", "text": "1"}, {"id": "x", "text": "2"}]}, 400, "duplicate id"),
    ],
)
def test_what_cannot_be_added(
    writable: TestClient, body: dict[str, Any], status: int, said: str
) -> None:
    answer = writable.post("/v1/documents", json=body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert len(found(writable)) == 10


def test_only_with_the_token(writable: TestClient) -> None:
    nobody = {"Authorization": ""}
    assert writable.post("/v1/documents", json=NEW, headers=nobody).status_code == 401
    assert writable.delete("/v1/documents/d1", headers=nobody).status_code == 401
    assert len(found(writable)) == 10


def test_another_writer(writable: TestClient, small_index: Path) -> None:
    with lock_index(small_index, "a long build"):
        answer = writable.post("/v1/documents", json=NEW)
    assert answer.status_code == 409
    assert "a long build (process" in answer.json()["detail"]


def test_documents_and_the_index(client: TestClient) -> None:
    answer = client.get("/v1/documents/a/b%20c").json()
    assert answer["title"] == "<script>alert(1)</script> Mühle"
    assert answer["views"][0]["kind"] == "passage"
    assert client.get("/v1/documents/nowhere").status_code == 404
    assert client.get("/v1/documents/../../etc/passwd").status_code == 404
    index = client.get("/v1/index").json()
    assert (index["documents"], index["lexical"], index["language"]) == (20, True, "en")
    assert index["languages"] == {"en": 1.0}
    assert index["weights"] == {
        "dense": {"views": 0.5},
        "hybrid": HybridWeights().model_dump(),
    }
    assert index["fields"] == {
        "id": {"documents": 20, "types": {"text": 20}},
        "language": {"documents": 20, "types": {"text": 20}},
        "year": {"documents": 20, "types": {"number": 20}},
    }


def test_health_does_not_wait_for_writers(
    writable: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a change is made and more than all threads of routes would be waiting."""
    begun, end = threading.Event(), threading.Event()

    def wait(*_: Any, **__: Any) -> Any:
        begun.set()
        assert end.wait(60)
        raise ValueError("not today")

    monkeypatch.setattr(Adder, "add", wait)
    monkeypatch.setattr("corpus_tuner.server.writer.MAX_WAITING", 60)
    with ThreadPoolExecutor(80) as pool:
        answers = [pool.submit(writable.post, "/v1/documents", json=NEW) for _ in range(80)]
        assert begun.wait(60)
        until(lambda: sum(answer.done() for answer in answers) == 20)
        assert writable.get("/health").text == "ok"
        assert writable.get("/ready").text == "ready"
        assert writable.get("/v1/documents/d1").status_code == 200
        end.set()
    statuses = Counter(answer.result().status_code for answer in answers)
    assert statuses == {400: 60, 429: 20}


def test_a_change_that_searches_do_not_see_is_not_answered_as_done(
    writable: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> bool:
        raise OSError("Too many open files")

    monkeypatch.setattr(Searcher, "refresh", fail)
    answer = writable.post("/v1/documents", json=NEW)
    assert answer.status_code == 503
    assert "searches do not see it" in answer.json()["detail"]
    assert "Too many open files" in caplog.text


def test_segments_of_many_changes_are_merged(writable: TestClient, small_index: Path) -> None:
    for number in range(2 * MOST_SEGMENTS):
        document = {"id": f"n{number}", "text": f"Mill {number} grinds rye{number}."}
        assert writable.post("/v1/documents", json={"documents": [document]}).status_code == 200
        assert f"n{number}" in found(writable)
    until(lambda: len(read_manifest(small_index).segments) <= MOST_SEGMENTS)
    assert len(found(writable)) == 10 + 2 * MOST_SEGMENTS
