"""Error responses: reasons, without paths and without what was sent."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from corpus_tuner import Searcher
from corpus_tuner.errors import DamagedError
from corpus_tuner.server.app import create_app
from corpus_tuner.server.error_responses import describe_problems
from corpus_tuner.server.schemas import Problem
from tests.server.conftest import local


def test_damage_is_a_fault_of_the_server_and_names_no_file(
    index: Path, encoder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    (file,) = index.glob("segments/*/documents.sqlite")
    with file.open("r+b") as opened:
        opened.write(b"\xff" * file.stat().st_size)
    with local(create_app(searcher)) as client:
        filtered = {"query": "mill", "filter": {"year": {"gte": 2018}}}
        for body in (filtered, {"query": "mill"}):
            answer = client.post("/v1/search", json=body)
            assert answer.status_code == 500
            assert answer.json() == {
                "detail": "the index cannot be read: the log of the service says why"
            }
    assert str(file) in caplog.text


def test_a_body_that_is_no_json(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/search", content='{"query": ', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("the body is not JSON: ")
    for content, also in (('{"query": "mill"}', {}), ("[]", headers), ("7", headers)):
        answer = client.post("/v1/search", content=content, headers=also)
        assert answer.status_code == 422
        assert "must be a JSON object, sent with Content-Type" in answer.json()["detail"]


def test_a_fault_is_an_answer_without_paths(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Searcher.open(index, encoder=encoder))
    with local(app, raise_server_exceptions=False) as client:
        for error in (DamagedError(f"{index} is damaged"), KeyError(str(index))):

            def fail(*_: Any, error: Exception = error, **__: Any) -> Any:
                raise error

            monkeypatch.setattr(Searcher, "search", fail)
            monkeypatch.setattr(Searcher, "read_document", fail)
            for answer in (
                client.post("/v1/search", json={"query": "mill"}),
                client.get("/v1/search?q=mill"),
                client.get("/v1/documents/d1"),
            ):
                assert answer.status_code == 500
                assert "log" in answer.json()["detail"]
                assert "Traceback" not in answer.text
                assert str(index) not in answer.text
    assert f"{index} is damaged" in caplog.messages


def test_every_status_is_described_in_openapi() -> None:
    described = describe_problems(400, 404, 504)
    assert [*described] == [400, 404, 504]
    assert all(problem["model"] is Problem for problem in described.values())
    with pytest.raises(KeyError):
        describe_problems(418)
