"""Queries that wait: together in a batch, or too many."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
from corpus_tuner import Searcher
from corpus_tuner.server import batching
from corpus_tuner.server.app import create_app
from corpus_tuner.server.batching import BATCH_SIZE, Batcher, BusyError, SearchArguments
from corpus_tuner.server.reloading import LiveSearcher
from tests.server.conftest import local


def test_too_many_at_once_are_told_to_come_again(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    search = Searcher.search
    batches = []
    refused = threading.Event()

    def slow(self: Searcher, queries: Any, *rest: Any, **more: Any) -> Any:
        batches.append(len(queries))
        assert refused.wait(20)
        return search(self, queries, *rest, **more)

    monkeypatch.setattr(Searcher, "search", slow)
    monkeypatch.setattr(batching, "MAX_WAITING", 4)
    statuses: list[int] = []
    with local(create_app(searcher)) as client:

        def ask() -> None:
            answer = client.post("/v1/search", json={"query": "mill"})
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                refused.set()
                assert answer.headers["Retry-After"] == "1"

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200, 429}
    assert max(batches) > 1  # those that waited went together


def test_queries_that_want_the_same_go_together(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    search = Searcher.search
    batches: list[list[str]] = []
    started, go_on = threading.Event(), threading.Event()

    def slow(self: Searcher, queries: Any, *rest: Any, **more: Any) -> Any:
        batches.append(list(queries))
        started.set()
        go_on.wait(10)
        return search(self, queries, *rest, **more)

    monkeypatch.setattr(Searcher, "search", slow)
    monkeypatch.setattr(batching, "WORKERS", 1)
    service = create_app(searcher)
    with local(service) as client:

        def ask(query: str, year: int) -> None:
            body = {"query": query, "filter": {"year": {"gte": year}}}
            assert client.post("/v1/search", json=body).status_code == 200

        asked = [("first", 0), ("old", 2000), ("new", 2010), ("also old", 2000)]
        threads = [threading.Thread(target=ask, args=arguments) for arguments in asked]
        threads[0].start()
        assert started.wait(10)
        for count, thread in enumerate(threads[1:], start=1):
            thread.start()
            while service.state.service.batcher.waiting < count:
                time.sleep(0.01)
        go_on.set()
        for thread in threads:
            thread.join()
    assert batches == [["first"], ["old", "also old"], ["new"]]


def search_all(
    requests: list[tuple[list[str], SearchArguments]],
) -> tuple[list[Any], list[list[str]], Batcher]:
    """Send requests at once to a batcher over a searcher that returns the queries themselves."""
    batches: list[list[str]] = []

    class Echo:
        def search(self, queries: list[str], **_: Any) -> list[str]:
            batches.append(queries)
            if "fail" in queries:
                raise KeyError("fail")
            return [f"hits of {query}" for query in queries]

    searcher: Any = Echo()
    batcher = Batcher(LiveSearcher(searcher))

    async def search() -> list[Any]:
        sent = [batcher.search(*request) for request in requests]
        found = await asyncio.gather(*sent, return_exceptions=True)
        await batcher.close()
        return list(found)

    return asyncio.run(search()), batches, batcher


def test_every_request_gets_the_hits_of_its_own_queries() -> None:
    ten, five = SearchArguments(10), SearchArguments(5)
    found, batches, batcher = search_all(
        [(["a"], ten), (["b", "c"], five), (["d"], ten), (["e"], five)]
    )
    assert found == [["hits of a"], ["hits of b", "hits of c"], ["hits of d"], ["hits of e"]]
    assert sorted(batches) == [["a", "d"], ["b", "c", "e"]]
    assert (batcher.batches, batcher.waiting, batcher.full) == (2, 0, False)


def test_a_batch_has_a_maximum_size() -> None:
    arguments = SearchArguments(10)
    found, batches, _ = search_all([([str(number)], arguments) for number in range(40)])
    assert found == [[f"hits of {number}"] for number in range(40)]
    assert sorted(map(len, batches)) == [8, BATCH_SIZE, BATCH_SIZE]


def test_a_failed_batch_fails_its_own_requests_only() -> None:
    ten, five = SearchArguments(10), SearchArguments(5)
    (failed, found), _, _ = search_all([(["fail"], ten), (["a"], five)])
    assert isinstance(failed, KeyError)
    assert found == ["hits of a"]


def test_a_request_beyond_the_maximum_is_refused_unless_none_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING", 2)
    arguments = SearchArguments(10)
    (first, second), batches, _ = search_all([(["a", "b", "c"], arguments), (["d"], arguments)])
    assert len(first) == 3
    assert isinstance(second, BusyError)
    assert batches == [["a", "b", "c"]]
