"""The service: its parts put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.server import index_routes, page_routes, search_routes
from corpus_tuner.server.auth import TokenGuard, documented
from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.body_limit import BodyLimit
from corpus_tuner.server.error_responses import fail, problems, refuse
from corpus_tuner.server.host_check import HostGuard
from corpus_tuner.server.metrics import Counting, Counts
from corpus_tuner.server.reloading import Live
from corpus_tuner.server.search_limits import describe_limits
from corpus_tuner.server.settings import ServerSettings
from corpus_tuner.server.state import Rejected, Service, Writer


def create_app(
    searcher: Searcher,
    settings: ServerSettings | None = None,
    token: str = "",
    rejected: Rejected | None = None,
    writer: Writer | None = None,
) -> FastAPI:
    """Make the service; it closes the searcher when it is shut down.

    Parameters
    ----------
    searcher
        The open index.
    settings
        Limits.
    token
        What requests must bring as a bearer token; empty for none.
    rejected
        Looks up what was written for a document and rejected, for the document's page. Where it
        raises an error the document is shown without.
    writer
        Changes the index. Without one, and without a token, nobody can change it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> app = create_app(ct.Searcher.open(example_index))
    >>> "/v1/search" in app.openapi()["paths"]
    True
    """
    settings = settings or ServerSettings()
    live = Live(searcher)
    batcher = Batcher(live, settings.waiting, settings.batch, settings.workers)
    counts = Counts(batcher, live)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(live.follow(settings.refresh)) if settings.refresh else None
        yield
        if following:
            following.cancel()
        await batcher.close()
        live.close()

    app = FastAPI(
        title="corpus-tuner",
        description="Search an index by its vectors, its words or both, and see why.",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # these pages would fetch scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # /v1/documents would lead to a document without an id
    )
    app.state.service = Service(settings, live, batcher, counts, rejected, writer)
    app.add_middleware(BodyLimit, limit=settings.body_bytes)
    if token:
        app.add_middleware(TokenGuard, token=token)
    app.add_middleware(HostGuard, names=settings.hosts)
    app.add_middleware(Counting, counts=counts)  # the last one comes first
    app.add_exception_handler(RequestValidationError, refuse)
    app.add_exception_handler(SearchIndexError, fail)
    app.add_exception_handler(Exception, fail)
    guard = [documented] if token else []
    guarded = [search_routes.router, index_routes.router]
    if token and writer is not None:
        guarded.append(index_routes.changes)
    for router in guarded:
        app.include_router(router, dependencies=guard, responses=problems(401))
    for router in (index_routes.health, page_routes.router):
        app.include_router(router)
    describe_limits(app.openapi(), settings)
    return app
