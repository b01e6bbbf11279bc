"""The FastAPI application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Gauge
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.routing import Route

from corpus_tuner.building.add import Adder
from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.server import index_routes, page_routes, search_routes
from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.error_responses import (
    describe_problems,
    handle_error,
    handle_invalid_request,
    make_problem,
)
from corpus_tuner.server.middleware import (
    MAX_BODY,
    BodyLimit,
    HostGuard,
    TokenGuard,
    documented_token,
)
from corpus_tuner.server.reloading import LiveSearcher
from corpus_tuner.server.state import Service
from corpus_tuner.server.tokens import TokenFile
from corpus_tuner.server.writer import Writer

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def create_app(
    searcher: Searcher,
    tokens: TokenFile | None = None,
    hosts: Collection[str] = (),
    ledger: Path | None = None,
    adder: Adder | None = None,
    name: str = "index",
) -> FastAPI:
    """Create the ASGI application of the search service; its shutdown closes the searcher.

    Parameters
    ----------
    searcher
        Open index.
    tokens
        Tokens of which requests must have one; without them everybody may read.
    hosts
        Host names of the service, apart from ``localhost`` and IP addresses.
    ledger
        Ledger with the generated texts that were rejected, which are shown with their documents.
    adder
        Adds documents to the index, for tokens with the right to write. Without it, or without
        tokens, the service is read-only.
    name
        Name of the index, for agents at ``/mcp``.

    Raises
    ------
    CorpusTunerError
        If the index cannot be restricted by the filter of a token.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> app = create_app(ct.Searcher.open(example_index))
    >>> "/v1/search" in app.openapi()["paths"]
    True
    """
    live = LiveSearcher(searcher)
    batcher = Batcher(live)
    writer = Writer(adder, live) if tokens and adder is not None else None
    for token in tokens or ():
        live.restrict(token.filter)

    mcp_route, mcp_manager = _make_mcp_route(name, live, batcher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reloading = asyncio.create_task(live.reload_periodically())
        async with mcp_manager:
            yield
        reloading.cancel()
        if writer:
            await writer.close()
        await batcher.close()
        live.close()

    app = FastAPI(
        title="corpus-tuner",
        description="Dense, lexical and hybrid search of an index.",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # these pages would load scripts from elsewhere: see `page_routes`
        redoc_url=None,
        redirect_slashes=False,  # /v1/documents would lead to a document without an id
    )
    app.state.service = Service(live, batcher, ledger, writer)
    app.add_middleware(BodyLimit)
    if tokens:
        app.add_middleware(TokenGuard, tokens=tokens)
    app.add_middleware(HostGuard, names=hosts)
    app.add_exception_handler(RequestValidationError, handle_invalid_request)
    app.add_exception_handler(SearchIndexError, handle_error)
    app.add_exception_handler(Exception, handle_error)
    guard = [documented_token] if tokens else []
    refusals = describe_problems(401, 403)
    routers = [search_routes.router, index_routes.router]
    if writer:
        routers.append(index_routes.changes)
    for router in routers:
        app.include_router(router, dependencies=guard, responses=refusals)
    for router in (index_routes.health, page_routes.router):
        app.include_router(router)
    app.router.routes.append(mcp_route)
    _add_metrics(app, batcher, live)
    return app


def _make_mcp_route(
    name: str, live: LiveSearcher, batcher: Batcher
) -> tuple[Route, AbstractAsyncContextManager[None]]:
    """Return the route ``/mcp``, and what must be open while it is served."""
    try:
        from corpus_tuner.server.mcp_server import create_server, make_http_route
    except ImportError:
        problem = make_problem(501, describe_missing_extra("/mcp", "mcp"))
        return Route("/mcp", lambda _: problem, methods=["POST"]), nullcontext()
    from corpus_tuner.server.mcp_tools import ServedIndex

    opened: Future[ServedIndex] = Future()
    opened.set_result(ServedIndex(live, batcher))
    route, manager = make_http_route(create_server({name: opened}), MAX_BODY)
    return route, manager.run()


def _add_metrics(app: FastAPI, batcher: Batcher, live: LiveSearcher) -> None:
    """Add ``/metrics`` for Prometheus: requests and their times by route, and gauges."""
    registry = CollectorRegistry()
    gauges: tuple[tuple[str, str, Callable[[], float]], ...] = (
        ("waiting_queries", "Number of queries that wait.", lambda: batcher.waiting),
        ("batches", "Number of batches searched.", lambda: batcher.batches),
        ("index_reloads", "Number of reloads of a changed index.", lambda: live.reloads),
    )
    for name, description, value in gauges:
        gauge = Gauge(name, description, namespace="corpus_tuner", registry=registry)
        gauge.set_function(value)
    # Added last, so it is the outermost middleware and counts refused requests, too.
    instrumentator = Instrumentator(should_group_status_codes=False, registry=registry)
    instrumentator.instrument(
        app, metric_namespace="corpus_tuner", latency_lowr_buckets=_BUCKETS
    ).expose(app, response_class=PlainTextResponse)
