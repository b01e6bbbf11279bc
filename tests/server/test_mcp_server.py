"""The Model Context Protocol with the official client, over HTTP."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("mcp")

import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from corpus_tuner import Searcher, add
from corpus_tuner.server.app import create_app
from corpus_tuner.server.connections import make_uvicorn_options
from tests.server.conftest import local, make_tokens

MODES = ["auto", "legacy"]


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application; give the address of its tools."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", **make_uvicorn_options()))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join()


@asynccontextmanager
async def connect(address: str, headers: dict[str, str], mode: str = "auto") -> Any:
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(address, http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def get_text(result: Any) -> str:
    text: str = result.content[0].text
    return text


@pytest.mark.parametrize("mode", MODES)
async def test_tools_are_listed_and_called(index: Path, encoder: Any, mode: str) -> None:
    app = create_app(Searcher.open(index, encoder=encoder), name="docs")
    with serving(app) as address:
        async with Client(address, mode=mode) as client:
            tools = (await client.list_tools()).tools
            assert [tool.name for tool in tools] == ["search", "get", "list_indexes"]
            assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
            properties = tools[0].input_schema["properties"]
            assert {*properties} == {"query", "index", "k", "filter", "min_probability"}
            assert "description" in properties["filter"]
            assert tools[0].output_schema is not None
            result = await client.call_tool("search", {"query": "the mill", "k": 2})
            assert not result.is_error
            assert result.structured_content is not None
            hits = result.structured_content["hits"]
            assert len(hits) == 2
            assert hits[0]["id"] in get_text(result)
            document = await client.call_tool("get", {"id": hits[0]["id"]})
            assert document.structured_content is not None
            assert hits[0]["passage"]["text"] in document.structured_content["text"]
            listed = await client.call_tool("list_indexes", {})
            assert listed.structured_content is not None
            assert listed.structured_content["indexes"][0]["name"] == "docs"

            # Mistakes are results, which a model reads, and the connection goes on.
            for name, arguments, said in (
                ("search", {}, "query: Field required"),
                ("search", {"query": "x", "k": 50}, "k: Input should be less than or equal to 20"),
                ("search", {"query": "x", "top": 5}, "top: there is no such argument: there are"),
                ("search", {"query": "x", "index": "papers"}, "no index 'papers': there are docs"),
                ("search", {"query": "x", "filter": "yeer>1"}, "did you mean year"),
                ("get", {"id": "nowhere"}, "there is no document 'nowhere'"),
                ("find", {}, "there is no tool 'find'"),
            ):
                result = await client.call_tool(name, arguments)
                assert result.is_error
                assert said in get_text(result)

            add(index, [{"_id": "pump", "text": "A pump."}], encoder=encoder)
            result = await client.call_tool("get", {"id": "pump"})
            assert not result.is_error


async def test_eight_clients_at_once(index: Path, encoder: Any) -> None:
    async def ask(address: str, number: int) -> list[str]:
        async with Client(address, mode=MODES[number % 2]) as client:
            found = []
            for query in ("mill", f"river {number}", "wheat and bread"):
                result = await client.call_tool("search", {"query": query, "k": 1})
                assert result.structured_content is not None
                found.append(result.structured_content["hits"][0]["id"])
            return found

    with serving(create_app(Searcher.open(index, encoder=encoder))) as address:
        every = await asyncio.gather(*(ask(address, number) for number in range(8)))
    assert len({(found[0], found[2]) for found in every}) == 1


async def test_a_cancelled_call_is_not_searched(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    search = Searcher.search
    searched: list[str] = []
    started, go_on = threading.Event(), threading.Event()

    def slow(self: Searcher, queries: Any, *rest: Any, **more: Any) -> Any:
        searched.extend(queries)
        started.set()
        assert go_on.wait(60)
        return search(self, queries, *rest, **more)

    monkeypatch.setattr(Searcher, "search", slow)
    monkeypatch.setattr("corpus_tuner.server.batching.WORKERS", 1)
    app = create_app(searcher)
    batcher = app.state.service.batcher
    with serving(app) as address:
        async with Client(address) as client:

            async def wait(count: int) -> None:
                async with asyncio.timeout(30):
                    while batcher.waiting != count:
                        await asyncio.sleep(0.01)

            first = asyncio.create_task(client.call_tool("search", {"query": "first", "k": 1}))
            await asyncio.to_thread(started.wait, 30)
            second = asyncio.create_task(client.call_tool("search", {"query": "second", "k": 2}))
            await wait(1)
            second.cancel()
            async with asyncio.timeout(30):
                while not all(request.hits.done() for request in batcher._queue):
                    await asyncio.sleep(0.01)
            go_on.set()
            assert not (await first).is_error
            third = await client.call_tool("search", {"query": "third", "k": 3})
            assert not third.is_error
    assert searched == ["first", "third"]


async def test_tokens_and_hosts(index: Path, encoder: Any) -> None:
    tokens, headers = make_tokens(index.parent, new="year>=2015", all=None)
    app = create_app(Searcher.open(index, encoder=encoder), tokens)
    with serving(app) as address:
        async with (
            connect(address, headers["new"]) as new,
            connect(address, headers["all"], "legacy") as every,
        ):
            found = await every.call_tool("search", {"query": "mill", "k": 20})
            assert len(found.structured_content["hits"]) == 20
            found = await new.call_tool("search", {"query": "mill", "k": 20})
            hits = found.structured_content["hits"]
            assert len(hits) == 5
            assert all(hit["metadata"]["year"] >= 2015 for hit in hits)
            listed = await new.call_tool("list_indexes", {})
            assert listed.structured_content["indexes"][0]["documents"] == 5
            hidden = await new.call_tool("get", {"id": "d3"})
            assert hidden.is_error
            missing = await new.call_tool("get", {"id": "d99"})
            assert get_text(hidden).replace("d3", "d99") == get_text(missing)
        async with httpx2.AsyncClient() as http:
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
            assert (await http.post(address, json=body)).status_code == 401
            evil = {**headers["all"], "Host": "evil.example"}
            assert (await http.post(address, json=body, headers=evil)).status_code == 421
            large = {**headers["all"], "Content-Type": "application/json"}
            answer = await http.post(address, content=b" " * (2**20 + 1), headers=large)
            assert answer.status_code == 413


def test_without_the_extra(index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "corpus_tuner.server.mcp_server", None)
    with local(create_app(Searcher.open(index, encoder=encoder))) as client:
        answer = client.post("/mcp", json={})
        assert answer.status_code == 501
        assert "pip install" in answer.json()["detail"]
        assert client.post("/v1/search", json={"query": "mill"}).status_code == 200
