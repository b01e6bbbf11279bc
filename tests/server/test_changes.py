"""Documents added and removed over HTTP, by those who may."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.indexes.store.write_lock import lock_index
from corpus_tuner.server.app import create_app
from corpus_tuner.server.index_writer import IndexWriter
from tests.conftest import make_documents, write_jsonl
from tests.server.local import local

TOKEN = {"Authorization": "Bearer secret"}
NEW = {"documents": [{"id": "a/b c", "text": "A new mill.", "metadata": {"year": 2026}}]}


@pytest.fixture
def index(tmp_path: Path, encoder: Any) -> Path:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(10))
    chosen = load_recipe(None, ["generator=null", "calibrate=false", "language=en"])
    build(corpus, tmp_path / "i", chosen, encoder=encoder)
    return tmp_path / "i"


@pytest.fixture
def client(index: Path, encoder: Any, encoder_folder: Path) -> Iterator[TestClient]:
    searcher = Searcher.open(index, encoder=encoder)
    writer = IndexWriter(index, None, False)
    writer._adder._encoder = encoder
    with local(create_app(searcher, token="secret", writer=writer)) as client:
        yield client


def found(client: TestClient) -> list[str]:
    request = {"query": "a new mill", "k": 50}
    (result,) = client.post("/v1/search", json=request, headers=TOKEN).json()["results"]
    return [hit["id"] for hit in result["hits"]]


def test_documents_come_and_go(client: TestClient) -> None:
    answer = client.post("/v1/documents", json=NEW, headers=TOKEN)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"added": 1, "changed": 0, "removed": 0, "unchanged": 10}
    assert "a/b c" in found(client)
    assert client.get("/v1/documents/a%2Fb%20c", headers=TOKEN).json()["text"] == "A new mill."
    assert client.post("/v1/documents", json=NEW, headers=TOKEN).json()["unchanged"] == 11
    answer = client.delete("/v1/documents/a%2Fb%20c", headers=TOKEN)
    assert answer.json()["removed"] == 1
    assert "a/b c" not in found(client)
    assert client.get("/v1/documents/a%2Fb%20c", headers=TOKEN).status_code == 404
    assert client.delete("/v1/documents/a%2Fb%20c", headers=TOKEN).status_code == 404


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
    client: TestClient, body: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post("/v1/documents", json=body, headers=TOKEN)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert len(found(client)) == 10


def test_only_with_the_token(client: TestClient) -> None:
    assert client.post("/v1/documents", json=NEW).status_code == 401
    assert client.delete("/v1/documents/d1").status_code == 401
    assert len(found(client)) == 10


def test_only_where_it_is_allowed(index: Path, encoder: Any) -> None:
    writer = IndexWriter(index, None, False)
    for options in ({"token": "secret"}, {"writer": writer}):
        searcher = Searcher.open(index, encoder=encoder)
        with local(create_app(searcher, **options)) as client:
            assert client.post("/v1/documents", json=NEW, headers=TOKEN).status_code in (404, 405)
            assert client.delete("/v1/documents/d1", headers=TOKEN).status_code == 405


def test_another_writer(client: TestClient, index: Path) -> None:
    with lock_index(index, "a long build"):
        answer = client.post("/v1/documents", json=NEW, headers=TOKEN)
    assert answer.status_code == 409
    assert "a long build (process" in answer.json()["detail"]
