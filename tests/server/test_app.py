"""The application as a whole: its routes, and its metrics."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from corpus_tuner import Searcher, SearchIndexError
from corpus_tuner.building.add import Adder
from corpus_tuner.server.app import create_app
from tests.server.conftest import local, make_tokens

NEW = {"documents": [{"id": "a/b c", "text": "A new mill.", "metadata": {"year": 2026}}]}


def test_only_where_it_is_allowed(index: Path, encoder: Any) -> None:
    tokens, headers = make_tokens(index.parent, writer=None)
    options: list[dict[str, Any]] = [{"tokens": tokens}, {"adder": Adder(index)}]
    for chosen in options:
        searcher = Searcher.open(index, encoder=encoder)
        with local(create_app(searcher, **chosen)) as client:
            answer = client.post("/v1/documents", json=NEW, headers=headers["writer"])
            assert answer.status_code in (404, 405)
            answer = client.delete("/v1/documents/d1", headers=headers["writer"])
            assert answer.status_code == 405


def test_metrics_count_requests_by_route(client: TestClient) -> None:
    assert client.get("/v1/index").status_code == 200
    assert client.get("/nowhere").status_code == 404
    metrics = client.get("/metrics").text
    route = 'handler="/v1/index",method="GET"'
    assert f'corpus_tuner_http_requests_total{{{route},status="200"}} 1.0' in metrics
    assert f"corpus_tuner_http_request_duration_seconds_count{{{route}}} 1.0" in metrics
    assert 'handler="none",method="GET",status="404"' in metrics  # not a path that anyone makes up
    assert "corpus_tuner_waiting_queries 0.0" in metrics


def test_health_needs_no_query(client: TestClient) -> None:
    assert client.get("/health").text == "ok"
    assert client.get("/ready").text == "ready"


def test_the_shutdown_closes_the_searcher(index: Path, encoder: Any) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher)) as client:
        assert client.post("/v1/search", json={"query": "mill"}).status_code == 200
    with pytest.raises(SearchIndexError, match="closed"):
        searcher.search("mill")
