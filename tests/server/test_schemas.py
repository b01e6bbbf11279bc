"""The service against its own OpenAPI document: schemathesis makes up requests and compares."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("fastapi")

from corpus_tuner import Searcher
from corpus_tuner.server.app import create_app
from corpus_tuner.server.settings import ServerSettings
from tests.server.test_app import find_rejections, make_index

SETTINGS = ServerSettings(hosts=frozenset({"testserver"}))
OPERATIONS = {
    *("GET /v1/search", "POST /v1/search", "GET /v1/documents/{id}", "GET /v1/index"),
    *("GET /health", "GET /ready", "GET /metrics"),
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Any]:
    schemathesis = pytest.importorskip("schemathesis")  # here, for its import takes seconds
    folder = tmp_path_factory.mktemp("openapi")
    with Searcher.open(make_index(folder, encoder), encoder=encoder) as searcher:
        app = create_app(searcher, SETTINGS, find_rejections=find_rejections)
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_every_answer_is_as_documented(schema: Any, mode: str) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert {f"{found.method.upper()} {found.path}" for found in operations} == OPERATIONS
    wanted = GenerationMode(mode)
    examples = 50 if mode == "negative" else 100  # what breaks a schema is slow to make up
    for operation in operations:
        if mode == "negative" and operation.path != "/v1/search":
            continue  # any path is a document's id, and the others take nothing

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=wanted))
        def check(case: Any) -> None:
            if mode == "positive" and case.query:
                case.query.pop("filter", None)  # typed, in a grammar that no JSON schema has
            response = case.call()
            # Which fields there are the index says, not the schema; nor can that count deeply.
            beyond = "the field|at most 32 conditions|8 deep"
            other = re.search(beyond, response.text)
            excluded = [positive_data_acceptance] if other else []
            case.validate_response(response, excluded_checks=excluded)

        check()
