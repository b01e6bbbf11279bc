"""Tools for agents: their results, their bounds, and errors that a model can act on."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from corpus_tuner import Searcher, add, build, load_recipe
from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.mcp_schemas import MAX_TEXT, GetResult, ListResult, SearchResult
from corpus_tuner.server.mcp_tools import (
    MAX_METADATA,
    MAX_PASSAGE,
    Indexes,
    ServedIndex,
    ToolError,
    call_tool,
)
from corpus_tuner.server.reloading import LiveSearcher
from tests.conftest import make_documents, write_jsonl

MANUAL: dict[str, Any] = {
    "_id": "manual",
    "title": "Manual",
    "text": "# Start\nPlug it in.\fSecond page.\n\n# Errors\nE4711 means that the valve is open.\n",
    "tags": ["valve", "engine"],
    "year": 2024,
    "notes": "x" * 2000,
}
LONG: dict[str, Any] = {
    "_id": "long",
    "title": "t" * 500,
    "text": " ".join(["mill"] * 20_000),
    "year": 1999,
}
CHOSEN = ["generator=null", "views.sentences=2", "calibrate=false", "language=en"]


def open_index(index: Path, encoder: Any) -> "Future[ServedIndex]":
    live = LiveSearcher(Searcher.open(index, encoder=encoder))
    opened: Future[ServedIndex] = Future()
    opened.set_result(ServedIndex(live, Batcher(live)))
    return opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    for name, records in (("docs", [*make_documents(8), MANUAL, LONG]), ("few", [MANUAL])):
        corpus = write_jsonl(folder / f"{name}.jsonl", records)
        build(corpus, folder / name, load_recipe(None, CHOSEN), encoder=encoder)
    return folder


@pytest.fixture
def indexes(folder: Path, encoder: Any) -> Iterator[Indexes]:
    opened = {name: open_index(folder / name, encoder) for name in ("docs", "few")}
    yield opened
    for one in opened.values():
        one.result().live.close()


def call(indexes: Indexes, name: str, **arguments: Any) -> Any:
    return asyncio.run(call_tool(indexes, name, arguments))


def test_a_hit_says_where_its_passage_is_and_why_it_was_found(indexes: Indexes) -> None:
    result = call(indexes, "search", index="docs", query="E4711 valve", k=2)
    assert isinstance(result, SearchResult)
    hit = result.hits[0]
    text = MANUAL["text"]
    assert (hit.id, hit.title, hit.rank) == ("manual", "Manual", 1)
    assert text[hit.passage.start : hit.passage.end] == hit.passage.text
    first, last = hit.passage.lines
    lines = text.split("\n")[first - 1 : last]
    assert lines[0].endswith(hit.passage.text.split("\n")[0])
    assert lines[-1] == hit.passage.text.split("\n")[-1]
    assert hit.passage.page == 1 + text.count("\f", 0, hit.passage.start)
    assert {"E4711", "valve"} <= {*hit.match.words}
    assert hit.match.ranks["words"] == 1
    assert hit.metadata == {"tags": ["valve", "engine"], "year": 2024}  # without the long notes
    assert "manual" in str(result)
    assert "E4711 means that the valve is open." in str(result)


def test_a_range_around_a_passage_and_the_whole_in_parts(indexes: Indexes) -> None:
    around = call(indexes, "get", index="docs", id="long", start=5000, end=5010, context=100)
    assert isinstance(around, GetResult)
    assert (around.start, around.end, around.length) == (4900, 5110, 99_999)
    assert around.text == LONG["text"][4900:5110]
    parts, start = [], 0
    while True:
        part = call(indexes, "get", index="docs", id="long", start=start)
        assert len(part.text) <= MAX_TEXT
        parts.append(part.text)
        if part.next_start is None:
            break
        assert f"[more: start={part.next_start}]" in str(part)
        start = part.next_start
    assert "".join(parts) == LONG["text"]
    manual = call(indexes, "get", index="few", id="manual")
    assert (manual.text, manual.lines, manual.next_start) == (MANUAL["text"].strip(), (1, 5), None)


def test_results_are_bounded(indexes: Indexes, folder: Path, encoder: Any) -> None:
    found = call(indexes, "search", index="docs", query="mill", k=20)
    assert all(len(hit.passage.text) <= MAX_PASSAGE for hit in found.hits)
    assert all(len(hit.title) <= 200 for hit in found.hits)
    assert all(len(json.dumps(hit.metadata)) <= MAX_METADATA + 2 for hit in found.hits)
    assert len(found.model_dump_json()) < 100_000
    widest = call(indexes, "get", index="docs", id="long", start=50_000, end=90_000, context=10_000)
    assert (widest.start, len(widest.text)) == (40_000, MAX_TEXT)


def test_indexes_are_described_so_that_filters_can_be_written(indexes: Indexes) -> None:
    result = call(indexes, "list_indexes")
    assert isinstance(result, ListResult)
    docs, few = result.indexes
    assert (docs.name, docs.documents, few.documents) == ("docs", 10, 1)
    assert docs.languages == {"en": 1.0}
    fields = {field.name: field for field in docs.fields}
    assert fields["year"].model_dump() == {
        **{"name": "year", "documents": 2, "types": ["number"]},
        "examples": [2024, 1999],
    }
    assert fields["tags"].examples == ["valve", "engine"]
    assert fields["notes"].examples == []  # too long
    assert fields["language"].examples == ["en"]
    assert len(fields["id"].examples) == 5
    for filter in ("year>=2000 AND tags=valve", {"year": {"gte": 2000}}):
        found = call(indexes, "search", index="docs", query="mill", filter=filter)
        assert [hit.id for hit in found.hits] == ["manual"]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("find", {}, "there is no tool 'find': there are search, get, list_indexes"),
        ("search", {"query": "x"}, "there are several indexes: give index, one of docs, few"),
        ("search", {"query": "x", "index": "dogs"}, "no index 'dogs': there are docs, few"),
        ("search", {"query": " ", "index": "docs"}, "the query is empty"),
        ("search", {"query": "x", "index": "docs", "filter": "yaer=1"}, "did you mean year"),
        ("search", {"query": "x", "index": "docs", "filter": {"yaer": 1}}, "did you mean year"),
        ("search", {"query": "x", "index": "docs", "filter": "year"}, "is not like field=value"),
        ("get", {"id": "x", "index": "docs"}, "there is no document 'x' in the index docs"),
        ("get", {"id": "manual", "index": "docs", "start": 999}, "the text has 78 characters"),
        ("get", {"id": "manual", "index": "docs", "start": 9, "end": 5}, "start first"),
    ],
)
def test_errors_say_what_to_do(
    indexes: Indexes, name: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ToolError) as caught:
        call(indexes, name, **arguments)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "arguments", [{}, {"query": 5}, {"query": "x" * 5000}, {"query": "x", "k": 21}, {"q": "x"}]
)
def test_arguments_are_checked(indexes: Indexes, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        call(indexes, "search", **arguments)


def test_nothing_found_and_no_probabilities(indexes: Indexes) -> None:
    nothing = call(indexes, "search", index="docs", query="mill", filter="id=nowhere")
    assert nothing.hits == []
    assert "try without filter" in str(nothing)
    found = call(indexes, "search", index="docs", query="mill", min_probability=0.5)
    assert len(found.hits) == 5
    assert "not calibrated" in found.note


def test_a_changed_index_is_seen_by_the_next_call(
    tmp_path: Path, folder: Path, encoder: Any
) -> None:
    build(folder / "few.jsonl", tmp_path / "i", load_recipe(None, CHOSEN), encoder=encoder)
    opened = open_index(tmp_path / "i", encoder)
    with closing(opened.result().live):
        indexes = {"i": opened}
        assert len(call(indexes, "search", query="pump").hits) == 1
        add(tmp_path / "i", [{"_id": "pump", "text": "The pump."}], encoder=encoder)
        assert call(indexes, "search", query="pump").hits[0].id == "pump"


def test_an_index_that_cannot_be_opened_fails_every_call(tmp_path: Path) -> None:
    failed: Future[ServedIndex] = Future()
    try:
        Searcher.open(tmp_path)
    except ValueError as error:
        failed.set_exception(error)
    for _ in range(2):
        with pytest.raises(ToolError, match="is not an index"):
            call({"i": failed}, "search", query="mill")
