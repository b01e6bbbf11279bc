"""The tools over standard input and output, with the official client."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

from corpus_tuner import add
from tests.cli.conftest import Run


def start(*indexes: Path) -> StdioServerParameters:
    """Return how a client starts the command."""
    arguments = ["-m", "corpus_tuner", "mcp", *map(str, indexes)]
    return StdioServerParameters(command=sys.executable, args=arguments, env={**os.environ})


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_lists_calls_and_cancels(index: Path, mode: str) -> None:
    async with Client(start(index), mode=mode, read_timeout_seconds=120) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "get", "list_indexes"]
        found = await client.call_tool("search", {"query": "mill by the river", "k": 1})
        assert found.structured_content is not None
        assert found.structured_content["hits"][0]["id"] == "mill"
        assert "id: mill" in found.content[0].text  # type: ignore[union-attr]
        bad = await client.call_tool("search", {"query": "x", "k": 0})
        assert bad.is_error
        unknown = await client.call_tool("search", {"query": "x", "index": "papers"})
        assert unknown.is_error

        with pytest.raises((MCPError, TimeoutError)):
            await client.call_tool("search", {"query": "late"}, read_timeout_seconds=1e-6)
        calls = [client.call_tool("search", {"query": f"mill {n}", "k": 1}) for n in range(8)]
        assert not any(result.is_error for result in await asyncio.gather(*calls))

        await asyncio.to_thread(add, index, [{"_id": "new", "text": "A new windmill."}])
        result = await client.call_tool("search", {"query": "windmill", "k": 1})
        assert result.structured_content is not None
        assert result.structured_content["hits"][0]["id"] == "new"


def test_what_is_no_index(tmp_path: Path, index: Path, run: Run) -> None:
    outcome = run("mcp", index, tmp_path / "nowhere")
    assert (outcome.code, outcome.out) == (2, "")
    assert "nowhere is not an index: there is no such folder" in outcome.err
    outcome = run("mcp", index, index / ".." / "index")
    assert outcome.code == 2
    assert "are both called index" in outcome.err


def test_the_extra_is_named(index: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "corpus_tuner.server.mcp_server", None)
    outcome = run("mcp", index)
    assert outcome.code == 2
    assert "corpus-tuner mcp needs an extra: pip install" in outcome.err
    assert "[mcp]" in outcome.err
