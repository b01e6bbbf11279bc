"""The service against its own OpenAPI document: schemathesis makes up requests and compares."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from corpus_tuner import Searcher
from corpus_tuner.server import schemas
from corpus_tuner.server.app import create_app
from tests.conftest import nightly
from tests.server.conftest import local, make_index

OPERATIONS = {
    *("GET /v1/search", "POST /v1/search", "GET /v1/documents/{id}", "GET /v1/index"),
    *("GET /health", "GET /ready", "GET /metrics"),
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Any]:
    schemathesis = pytest.importorskip("schemathesis")  # here, for its import takes seconds
    folder = tmp_path_factory.mktemp("openapi")
    with Searcher.open(make_index(folder, encoder), encoder=encoder) as searcher:
        app = create_app(searcher, hosts=["testserver"])
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_every_answer_is_as_documented(schema: Any, mode: str) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert {f"{found.method.upper()} {found.path}" for found in operations} == OPERATIONS
    wanted = GenerationMode(mode)
    examples = 100 if nightly() else 30
    for operation in operations:
        if mode == "negative" and operation.path != "/v1/search":
            continue  # any path is a document's id, and the others take nothing

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=wanted))
        def check(case: Any) -> None:
            if mode == "positive" and case.query:
                case.query.pop("filter", None)  # typed, in a grammar that no JSON schema has
            response = case.call()
            # Which fields there are the index says, not the schema; nor can that count deeply, or
            # multiply: k by the number of queries.
            beyond = "the field|at most 32 conditions|8 deep|for each of .* queries are more than"
            other = re.search(beyond, response.text)
            excluded = [positive_data_acceptance] if other else []
            case.validate_response(response, excluded_checks=excluded)

        check()


def test_explaining_looks_at_so_many_characters(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    asked = {"query": "the river mill bread judge", "mode": "dense", "explain": True}
    matched = []
    for characters in (1, 20_000):
        monkeypatch.setattr(schemas, "EXPLAINED_CHARACTERS", characters)
        client = local(create_app(searcher))
        hits = client.post("/v1/search", json=asked).json()["results"][0]["hits"]
        matched.append({word for hit in hits for word in hit["matched"]})
    assert not matched[0]
    assert matched[1] >= {"river", "mill"}
    searcher.close()


def test_the_limits_are_in_the_openapi_document(client: TestClient) -> None:
    request = client.get("/openapi.json").json()["components"]["schemas"]["SearchRequest"]
    text, texts = request["properties"]["query"]["anyOf"]
    assert (text["maxLength"], texts["maxItems"], texts["items"]["maxLength"]) == (4000, 64, 4000)
    k = request["properties"]["k"]
    assert (k["maximum"], k["default"]) == (1000, 10)
    assert "at most 1000 for all queries" in k["description"]
    assert "first 20000 characters" in request["properties"]["explain"]["description"]
