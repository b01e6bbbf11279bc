"""Routes for the index and its documents, and for health checks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nlargest

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import PlainTextResponse

from corpus_tuner.building.diff import Changes
from corpus_tuner.errors import LockedError, SearchIndexError
from corpus_tuner.server.batching import BusyError
from corpus_tuner.server.error_responses import describe_problems
from corpus_tuner.server.schemas import MAX_FIELDS, AddRequest, DocumentResponse, IndexResponse
from corpus_tuner.server.state import CurrentService
from corpus_tuner.server.writer import NotReloadedError

router = APIRouter()
changes = APIRouter()
"""Routes that change the index, for tokens with the right to write.

Segments are merged after the response if that is due; weights are not calibrated.
"""
health = APIRouter(default_response_class=PlainTextResponse)
"""Routes for load balancers, which need no token."""
_PROBLEMS = describe_problems(400, 409, 429, 500, 503)
"""Error responses of changes."""
_log = logging.getLogger(__name__)


@router.get("/v1/index")
def get_index(service: CurrentService) -> IndexResponse:
    """Describe the index."""
    searcher = service.searcher
    manifest = searcher.manifest
    most_used = nlargest(MAX_FIELDS, searcher.fields.items(), lambda item: item[1].documents)
    return IndexResponse(
        documents=manifest.documents,
        views=manifest.views,
        language=manifest.build.language,
        languages=manifest.languages,
        encoder=searcher.encoder.name,
        representation=searcher.representation,
        representations=list(manifest.representations),
        lexical=manifest.lexical is not None,
        weights=manifest.search.model_dump(include={"dense", "hybrid"}),
        fields=dict(most_used),
    )


@router.get("/v1/documents/{id:path}", responses=describe_problems(404, 422, 500))
def get_document(id: str, service: CurrentService) -> DocumentResponse:
    """Return a document, its views, and the generated texts that were rejected."""
    found = service.searcher.read_document(id)
    if found is None:
        raise HTTPException(404, f"there is no document {id!r}")
    return DocumentResponse.from_document(*found, service.list_rejections(*found))


@health.get("/health")
async def check_health() -> str:
    """Check that the process runs."""
    return "ok"


@health.get("/ready", responses={503: {"description": "Too busy."}})
async def check_readiness(service: CurrentService) -> Response:
    """Check that a query would be accepted."""
    busy = service.batcher.full
    return PlainTextResponse("busy" if busy else "ready", 503 if busy else 200)


@changes.post("/v1/documents", responses=_PROBLEMS | describe_problems(413, 422))
async def add_documents(request: AddRequest, service: CurrentService) -> Changes:
    """Add documents, which replace those with the same ids.

    The response is sent when searches find them.
    """
    assert service.writer is not None
    documents = [document.model_dump() for document in request.documents]
    with _answer_errors():
        return await service.writer.add(documents)


@changes.delete("/v1/documents/{id:path}", responses=_PROBLEMS | describe_problems(404))
async def remove_document(id: str, service: CurrentService) -> Changes:
    """Remove a document; the response is sent when searches do not find it any more."""
    assert service.writer is not None
    with _answer_errors():
        removal = await service.writer.remove(id)
    if not removal.matching:
        raise HTTPException(404, f"there is no document {id!r}")
    return Changes(removed=removal.matching)


@contextmanager
def _answer_errors() -> Iterator[None]:
    """Raise the errors of a change as the responses that they are answered with."""
    later = {"Retry-After": "5"}
    try:
        yield
    except BusyError:
        raise HTTPException(429, "too many changes are waiting", headers=later) from None
    except LockedError as error:
        raise HTTPException(409, str(error), headers=later) from None
    except NotReloadedError as error:
        _log.error("a change is committed, and the index cannot be reloaded: %s", error)
        reason = "the change is committed, but searches do not see it: the log says why"
        raise HTTPException(503, reason, headers=later) from None
    except SearchIndexError:
        raise  # answered as a fault of the service
    except ValueError as error:  # of the documents
        raise HTTPException(400, str(error)) from None
