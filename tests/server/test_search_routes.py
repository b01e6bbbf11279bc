"""``/v1/search``: answers, limits, and the time that they may take."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from corpus_tuner import CorpusTunerWarning, Searcher, SearchSettings, build, load_recipe
from corpus_tuner.server import search_routes
from corpus_tuner.server.app import create_app
from tests.conftest import edit_manifest, write_jsonl
from tests.indexes.indexing import CHOSEN
from tests.rerankers.shortest import use_shortest
from tests.server.conftest import local


def test_search(client: TestClient, tmp_path: Path, encoder: Any) -> None:
    answer = client.post("/v1/search", json={"query": "the old mill", "k": 3})
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["query"] == "the old mill"
    with Searcher.open(tmp_path / "index", encoder=encoder) as searcher:
        expected = searcher.search("the old mill", 3)
    for hit, other in zip(result["hits"], expected, strict=True):
        assert (hit["id"], hit["rank"]) == (other.document.id, other.rank)
        assert hit["score"] == pytest.approx(other.score)
        assert hit["rankers"] == {
            name: pytest.approx(asdict(standing)) for name, standing in other.rankers.items()
        }
        assert hit["view"]["text"] == other.view.text
        headings = {"headings": [*other.passage.headings]}
        assert hit["passage"] == asdict(other.passage) | headings
        assert hit["metadata"] == dict(other.document.metadata)
    several = client.post("/v1/search", json={"query": ["mill", "river"], "mode": "dense"}).json()
    assert [result["query"] for result in several["results"]] == ["mill", "river"]
    filtered = {"query": "mill", "filter": {"year": {"gte": 2018}}}
    found = client.post("/v1/search", json=filtered).json()["results"][0]["hits"]
    assert {hit["metadata"]["year"] for hit in found} == {2018, 2019}
    filtered["filter"] = {"or": [{"id": "a/b c"}, {"year": {"gt": 2018}}], "not": {"year": 2000}}
    found = client.post("/v1/search", json=filtered).json()["results"][0]["hits"]
    assert {hit["metadata"]["year"] for hit in found} == {2019}


@pytest.mark.parametrize("seconds", [60.0, 1e-9])
def test_a_reranker_that_had_no_time_is_a_warning(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    use_shortest(monkeypatch)
    search = {"hybrid": {"reranker": 1.0}, "reranker": {"name": "m", "seconds": seconds}}
    edit_manifest(index, search=SearchSettings.model_validate(search).model_dump())
    with (
        Searcher.open(index, encoder=encoder) as searcher,
        local(create_app(searcher)) as client,
    ):
        answer = client.post("/v1/search", json={"query": ["mill", "river"], "k": 3}).json()
    hits = [hit for result in answer["results"] for hit in result["hits"]]
    assert [hit["rankers"]["reranker"]["rank"] is None for hit in hits] == [seconds < 1] * 6
    expected = ["the reranker scored 0 of 20 documents in 1e-09 s"]
    assert [warning.partition(" (")[0] for warning in answer["warnings"]] == (
        expected if seconds < 1 else []
    )


def test_a_search_returns_the_fields_that_it_names(client: TestClient) -> None:
    def only_hit(**asked: Any) -> Any:
        answer = client.post("/v1/search", json={"query": "mill", "k": 1, **asked})
        assert answer.status_code == 200, answer.text
        return answer.json()["results"][0]["hits"][0]

    whole = only_hit()
    document = {"title", "text", "metadata"}
    assert document < {*whole}
    assert {*whole} - {*only_hit(fields=[])} == document
    assert only_hit(fields=["metadata.year"])["metadata"] == {"year": whole["metadata"]["year"]}
    by_address = client.get("/v1/search?q=mill&k=1&fields=title,text,metadata.year").json()
    (hit,) = by_address["results"][0]["hits"]
    assert hit == whole  # which has no other metadata


def test_an_ignored_min_probability_is_a_warning(client: TestClient) -> None:
    asked = {"query": "mill", "k": 2, "min_probability": 0.9}
    with pytest.warns(CorpusTunerWarning):
        answer = client.post("/v1/search", json=asked).json()
    assert len(answer["results"][0]["hits"]) == 2
    assert answer["warnings"][0].startswith("min_probability is ignored")
    assert client.post("/v1/search", json={"query": "mill"}).json()["warnings"] == []


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"query": "x" * 4001}, 422, "at most 4000 characters"),
        ({"query": ["a"] * 65}, 422, "query: at most 64 queries"),
        ({"query": []}, 422, "there is no query"),
        ({"query": " "}, 422, "a query is empty"),
        ({"query": "a", "k": 1001}, 422, "k: Input should be less than or equal to 1000"),
        (
            {"query": ["a"] * 3, "k": 400},
            422,
            "k: 400 for each of 3 queries are more than 1000",
        ),
        ({"query": "a", "k": 0}, 422, "greater than or equal to 1"),
        ({"query": "a", "k": "3"}, 422, "valid integer"),
        ({"query": "a", "mode": "psychic"}, 422, "mode"),
        ({"query": "a", "filter": {"year": {"near": 3}}}, 422, "gt, gte, lt, lte"),
        ({"query": "a", "filter": {"": 3}}, 422, "field is a name"),
        (
            {"query": "a", "filter": {"or": {"year": 3}}},
            422,
            "filter: a filter's 'or' takes a list",
        ),
        ({"query": "a", "filter": {"not": {"not": {"year": {}}}}}, 422, "'year' has no operator"),
        ({"query": "a", "filter": {"yeer": 3}}, 400, "did you mean year (number)?"),
        (
            {"query": "a", "filter": {"year": {"ne": "x"}}},
            400,
            "compares the field 'year' with text",
        ),
        ({"query": "a", "fields": ["titel"]}, 422, "'titel' is none of title, text, metadata"),
        ({"query": "a", "fields": ["metadata.yeer"]}, 400, "did you mean year (number)?"),
        ({"query": "a", "text": "no"}, 422, "text: "),
        ({"query": "a", "filter": {"x": "\ud800"}}, 422, "cannot compare"),
        ({"query": "a", "filter": {"x": 10**400}}, 422, "cannot compare"),
        ({"query": "a", "other\ud800": 1}, 422, "unicode"),
        ({"query": "\ud800"}, 400, "not UTF-8"),
        ({}, 422, "query"),
        ("x" * 2**20, 413, "more than 1048576 bytes"),
    ],
)
def test_what_cannot_be_asked(client: TestClient, body: Any, status: int, reason: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/search", content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text
    assert reason in answer.text


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("q=the old mill", {"query": "the old mill"}),
        ("q=mill&k=3&mode=dense&explain=true", {"query": "mill", "k": 3, "mode": "dense"}),
        (
            "q=mill&filter=year>=2004&filter=year<2010",
            {"query": "mill", "filter": {"year": {"gte": 2004, "lt": 2010}}},
        ),
    ],
)
def test_search_by_address(client: TestClient, asked: str, body: dict[str, Any]) -> None:
    body["explain"] = "explain" in asked
    answer = client.get(f"/v1/search?{asked}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["hits"]
    assert answer.json()["results"] == client.post("/v1/search", json=body).json()["results"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("", "q: Field required"),
        ("q=%20", "q: a query is empty"),
        (f"q={'x' * 4001}", "at most 4000 characters"),
        ("q=a&k=0", "k: Input should be greater than or equal to 1"),
        ("q=a&k=1001", "k: Input should be less than or equal to 1000"),
        ("q=a&k=many", "k: Input should be a valid integer"),
        ("q=a&mode=psychic", "mode: Input should be 'hybrid', 'dense' or 'lexical'"),
        ("q=a&filter=year", "year"),
        ("q=a&filter=", "filter"),
        ("q=a&fields=title,titel", "'titel' is none of title, text, metadata"),
        ("q=a&fields=", "'' is none of title, text, metadata"),
        ("q=a&text=perhaps", "text: "),
        ("q=a&other=1", "other: Extra inputs are not permitted"),
    ],
)
def test_what_an_address_cannot_ask(client: TestClient, asked: str, reason: str) -> None:
    answer = client.get(f"/v1/search?{asked}")
    assert answer.status_code == 422, answer.text
    assert reason in answer.json()["detail"]


def test_too_slow_is_an_answer(index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = Searcher.open(index, encoder=encoder)

    def slow(*_: Any, **__: Any) -> list[list[Any]]:
        time.sleep(0.5)
        return [[]]

    monkeypatch.setattr(Searcher, "search", slow)
    monkeypatch.setattr(search_routes, "TIMEOUT", 0.05)
    with local(create_app(searcher)) as client:
        assert client.post("/v1/search", json={"query": "mill"}).status_code == 504


def test_explaining_is_within_the_time_limit(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)

    def slow(*_: Any) -> list[str]:
        time.sleep(0.04)
        return []

    monkeypatch.setattr(Searcher, "find_shared_words", slow)
    monkeypatch.setattr(search_routes, "TIMEOUT", 0.4)
    with local(create_app(searcher)) as client:
        asked = {"query": "mill", "k": 20}
        assert client.post("/v1/search", json=asked).status_code == 200
        assert client.post("/v1/search", json=asked | {"explain": True}).status_code == 504


def test_near_duplicates_are_one_hit_unless_all_are_requested(tmp_path: Path, encoder: Any) -> None:
    documents = [{"_id": id_, "text": "A mill by the river."} for id_ in "abc"]
    corpus = write_jsonl(tmp_path / "c.jsonl", [*documents, {"_id": "d", "text": "A mill."}])
    build(corpus, tmp_path / "i", load_recipe(None, CHOSEN), encoder=encoder)
    with local(create_app(Searcher.open(tmp_path / "i", encoder=encoder))) as client:
        (result,) = client.get("/v1/search?q=a mill by the river").json()["results"]
        similar = {hit["id"]: hit["similar"] for hit in result["hits"]}
        assert similar == {"a": ["b", "c"], "d": []}
        for answer in (
            client.get("/v1/search?q=a mill by the river&collapse=false"),
            client.post("/v1/search", json={"query": "a mill by the river", "collapse": False}),
        ):
            (result,) = answer.json()["results"]
            assert sorted(hit["id"] for hit in result["hits"]) == [*"abcd"]
            assert not any(hit["similar"] for hit in result["hits"])
