"""Routes for the index and its documents, and for health checks."""

import threading
from collections.abc import Callable
from heapq import nlargest
from typing import TypeVar

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import PlainTextResponse

from corpus_tuner.building.diff import Changes
from corpus_tuner.errors import LockedError, SearchIndexError
from corpus_tuner.indexes.store.soft_delete import delete_documents
from corpus_tuner.server.error_responses import describe_problems
from corpus_tuner.server.schemas import MAX_FIELDS, AddRequest, DocumentResponse, IndexResponse
from corpus_tuner.server.state import CurrentService, Service

router = APIRouter()
changes = APIRouter()
"""Routes that change the index, for tokens with the right to write.

Segments are not merged and weights are not calibrated, since both take long.
"""
health = APIRouter(default_response_class=PlainTextResponse)
"""Routes for load balancers, which need no token."""
_write_lock = threading.Lock()
_Result = TypeVar("_Result")


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
    return DocumentResponse.from_document(*found, service.list_rejections(found[0]))


@health.get("/health")
def check_health() -> str:
    """Check that the process runs."""
    return "ok"


@health.get("/ready", responses={503: {"description": "Too busy."}})
def check_readiness(service: CurrentService) -> Response:
    """Check that a query would be accepted."""
    busy = service.batcher.full
    return PlainTextResponse("busy" if busy else "ready", 503 if busy else 200)


@changes.post("/v1/documents", responses=describe_problems(400, 409, 413, 422, 500))
def add_documents(request: AddRequest, service: CurrentService) -> Changes:
    """Add documents, which replace those with the same ids.

    The response is sent when searches find them.
    """
    documents = [document.model_dump() for document in request.documents]
    adder = service.adder
    assert adder is not None
    return _change(service, lambda: adder.add(documents).changes)


@changes.delete("/v1/documents/{id:path}", responses=describe_problems(400, 404, 409, 500))
def remove_document(id: str, service: CurrentService) -> Changes:
    """Remove a document; the response is sent when searches do not find it any more."""
    adder = service.adder
    assert adder is not None
    removal = _change(service, lambda: delete_documents(adder.index, [id]))
    if not removal.matching:
        raise HTTPException(404, f"there is no document {id!r}")
    return Changes(removed=removal.matching)


def _change(service: Service, change: Callable[[], _Result]) -> _Result:
    """Change the index and reload it."""
    with _write_lock:
        try:
            result = change()
        except LockedError as error:
            raise HTTPException(409, str(error), headers={"Retry-After": "5"}) from None
        except SearchIndexError:
            raise  # answered as a fault of the service
        except ValueError as error:  # of the documents
            raise HTTPException(400, str(error)) from None
        service.live.reload()
    return result
