"""The tools for agents by the Model Context Protocol: over standard input and output, and HTTP."""

import logging
from typing import TYPE_CHECKING, Any

from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import ValidationError
from starlette.routing import Route

from corpus_tuner import __version__
from corpus_tuner.server.mcp_schemas import TOOLS
from corpus_tuner.server.tokens import get_token

if TYPE_CHECKING:
    from corpus_tuner.server.mcp_tools import Indexes

_INSTRUCTIONS = (
    "Search in collections of documents: {names}. Call list_indexes before you write a filter. "
    "Cite documents by id, with the page or lines of the passage."
)
_MAX_NAMES = 500  # characters
_log = logging.getLogger(__name__)


def create_server(indexes: "Indexes") -> Server[Any]:
    """Return an MCP server of some indexes.

    Examples
    --------
    >>> from concurrent.futures import Future
    >>> create_server({"docs": Future()}).name
    'corpus-tuner'
    """

    async def list_tools(_: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=_describe_tools())

    async def call(context: Any, params: CallToolRequestParams) -> CallToolResult:
        # Search takes as long to import as the protocol, and a client waits for its first answer.
        from corpus_tuner.server.mcp_tools import ToolError, call_tool

        token = get_token(context.request.scope) if context.request else None
        try:
            result = await call_tool(
                indexes, params.name, params.arguments or {}, token.filter if token else None
            )
        except ValidationError as error:
            return _make_error(_explain(params.name, error))
        except ToolError as error:
            return _make_error(str(error))
        except Exception:  # its message can name files of this machine
            _log.exception("the tool %s failed", params.name)
            return _make_error("the service failed: its log says why")
        return CallToolResult(
            content=[TextContent(type="text", text=str(result))],
            structured_content=result.model_dump(mode="json"),
        )

    return Server(
        "corpus-tuner",
        version=__version__,
        instructions=_INSTRUCTIONS.format(names=", ".join(indexes)[:_MAX_NAMES]),
        on_list_tools=list_tools,
        on_call_tool=call,
    )


async def run_on_stdio(server: Server[Any]) -> None:
    """Serve one client over standard input and output, until it closes them."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def make_http_route(
    server: Server[Any], max_body: int
) -> tuple[Route, StreamableHTTPSessionManager]:
    """Return the route of streamable HTTP, and the manager that must run while it is served.

    There are no sessions: every request stands by itself, with its token, and a client that
    disconnects cancels its call.
    """
    manager = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=max_body)
    return Route("/mcp", StreamableHTTPASGIApp(manager), methods=["POST"]), manager


def _describe_tools() -> list[Tool]:
    return [
        Tool(
            name=name,
            description=tool.description,
            input_schema=tool.request.model_json_schema(),
            output_schema=tool.result.model_json_schema(mode="serialization"),
            annotations=ToolAnnotations(
                read_only_hint=True, idempotent_hint=True, open_world_hint=False
            ),
        )
        for name, tool in TOOLS.items()
    ]


def _make_error(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def _explain(name: str, error: ValidationError) -> str:
    """Return what is wrong with the arguments of a tool, one line for each."""
    lines = []
    for problem in error.errors():
        where = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            known = ", ".join(TOOLS[name].request.model_fields)
            lines.append(f"{where}: there is no such argument: there are {known or 'none'}")
        else:
            lines.append(f"{where}: {problem['msg']}")
    return "\n".join(lines)
