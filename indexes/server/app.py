"""The service: routes, limits, and what is counted."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.server.batching import Batcher, BusyError
from corpus_tuner.indexes.server.body import BodyLimit
from corpus_tuner.indexes.server.counting import Counting, Counts
from corpus_tuner.indexes.server.live import Live
from corpus_tuner.indexes.server.schemas import (
    DocumentAnswer,
    IndexAnswer,
    Problem,
    RejectedView,
    ResultAnswer,
    SearchAnswer,
    SearchRequest,
    search_request,
)
from corpus_tuner.indexes.server.settings import ServerSettings
from corpus_tuner.indexes.store.documents import Document

Rejected = Callable[[Document], list[RejectedView]]
"""Returns what was written for a document and rejected."""

_MOST_TOLD = 4  # things that are wrong with a request
_ASSETS = {"page.js": "text/javascript", "style.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": told}
    for status, told in {
        400: "The index cannot do this.",
        401: "The token is missing or wrong.",
        404: "There is no such document.",
        413: "The body is too large.",
        422: "The request is not as described here.",
        429: "Too many queries wait: come again.",
        504: "It took too long.",
    }.items()
}
_SEARCHING = {status: told for status, told in _PROBLEMS.items() if status != 404}


def create_app(
    searcher: Searcher,
    settings: ServerSettings | None = None,
    token: str = "",
    rejected: Rejected | None = None,
) -> FastAPI:
    """Make the service; it closes the searcher when it is shut down.

    Parameters
    ----------
    searcher
        Of the index.
    settings
        Limits.
    token
        What requests must bring as a bearer token; empty for none.
    rejected
        Tells a document's page what was written for it and rejected.
    """
    settings = settings or ServerSettings()
    live = Live(searcher, settings.refresh)
    batcher = Batcher(live, settings.waiting, settings.batch, settings.workers)
    counts = Counts(batcher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await batcher.close()
        live.close()

    app = FastAPI(
        title="corpus-tuner",
        description="Search an index by its vectors, its words or both, and see why.",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # these pages would fetch scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(BodyLimit, most=settings.body_bytes)
    app.add_middleware(Counting, counts=counts)
    app.add_exception_handler(RequestValidationError, _refuse)
    guarded = [Depends(_guard(token))] if token else []

    async def search(asked: SearchRequest) -> Response:
        """Find the best documents for one query or several."""
        start = time.perf_counter()
        queries = [asked.query] if isinstance(asked.query, str) else asked.query
        try:
            found = await asyncio.wait_for(
                batcher.search(queries, asked.k, asked.mode, asked.filter), settings.timeout
            )
        except BusyError:
            told = "too many queries wait: come again"
            raise HTTPException(429, told, headers={"Retry-After": "1"}) from None
        except TimeoutError:
            raise HTTPException(504, f"it took longer than {settings.timeout:g} s") from None
        except SearchIndexError as error:
            raise HTTPException(400, str(error)) from None
        marking = live.searcher if asked.explain else None

        def tell() -> Response:
            results = [
                ResultAnswer.of(query, hits, marking)
                for query, hits in zip(queries, found, strict=True)
            ]
            took = round(1000 * (time.perf_counter() - start), 2)
            answer = SearchAnswer(results=results, took_ms=took)
            return Response(answer.model_dump_json(), media_type="application/json")

        # Looking for words in long documents must not hold up others.
        return await asyncio.to_thread(tell) if asked.explain else tell()

    search.__annotations__["asked"] = search_request(settings)  # the limits are in its schema
    app.post("/v1/search", response_model=SearchAnswer, dependencies=guarded, responses=_SEARCHING)(
        search
    )

    @app.get(
        "/v1/documents/{id:path}",
        dependencies=guarded,
        responses={status: _PROBLEMS[status] for status in (401, 404, 422)},
    )
    def document(id: str) -> DocumentAnswer:
        """Return a document, its views, and what was written for it and rejected."""
        found = live.document(id)
        if found is None:
            raise HTTPException(404, f"there is no document {id!r}")
        return DocumentAnswer.of(*found, rejected(found[0]) if rejected else [])

    @app.get("/v1/index", dependencies=guarded, responses={401: _PROBLEMS[401]})
    def index() -> IndexAnswer:
        """Say what the index is."""
        manifest = live.searcher.manifest
        views: dict[str, int] = {}
        for segment in manifest.segments:
            for kind, count in segment.views.items():
                views[kind] = views.get(kind, 0) + count
        search = manifest.search
        return IndexAnswer(
            documents=sum(segment.documents for segment in manifest.segments),
            views=views,
            language=str(manifest.build.get("language", "")),
            encoder=live.searcher.encoder.name,
            representation=live.searcher.representation,
            representations=list(manifest.representations),
            words=manifest.lexical is not None,
            weights={"words": search.words, "views": search.hybrid_views},
        )

    @app.get("/health", response_class=PlainTextResponse)
    def health() -> str:
        """Say that the process runs."""
        return "ok"

    @app.get(
        "/ready", response_class=PlainTextResponse, responses={503: {"description": "Too busy."}}
    )
    def ready() -> Response:
        """Say whether a query would be taken."""
        busy = batcher.waiting >= settings.waiting
        return PlainTextResponse("busy" if busy else "ready", 503 if busy else 200)

    @app.get(
        "/metrics",
        response_class=PlainTextResponse,
        dependencies=guarded,
        responses={401: _PROBLEMS[401]},
    )
    def metrics() -> Response:
        """Return counts and times, as Prometheus reads them."""
        return Response(counts.as_text(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page() -> Response:
        return HTMLResponse(_asset("page.html"), headers=_HEADERS)

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise HTTPException(404, "there is no such file")
        return Response(_asset(name), media_type=_ASSETS[name], headers=_HEADERS)

    return app


def _guard(token: str) -> Callable[..., Awaitable[None]]:
    """Return what lets only those in who have the token; it takes as long for any wrong one."""
    bearer = HTTPBearer(auto_error=False)

    async def guard(
        brought: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> None:
        known = brought.credentials if brought else ""
        # Headers come as Latin-1, whatever they were.
        if not hmac.compare_digest(known.encode("latin-1", "replace"), token.encode()):
            told = "this needs the right token: Authorization: Bearer TOKEN"
            raise HTTPException(401, told, headers={"WWW-Authenticate": "Bearer"})

    return guard


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    """Answer what does not fit its model: where and why, without handing back what was sent."""
    assert isinstance(error, RequestValidationError)
    told = []
    for each in error.errors()[:_MOST_TOLD]:
        where = ".".join(str(part)[:80] for part in each["loc"] if part != "body")
        why = each["msg"].removeprefix("Value error, ")
        if each["type"] == "json_invalid":
            where, why = "", f"the body is not JSON: {each['ctx']['error']}, character {where}"
        elif each["loc"] == ("body",) and each["type"] in ("model_attributes_type", "model_type"):
            why = "the body must be a JSON object, sent with Content-Type: application/json"
        told.append(f"{where}: {why}" if where else why)
    detail = "; ".join(told).encode("utf-8", "replace").decode()
    return JSONResponse({"detail": detail}, 422)


def _asset(name: str) -> str:
    return (files(__package__) / "pages" / name).read_text(encoding="utf-8")
