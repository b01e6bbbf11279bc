"""Routes about the index and its documents, and about the state of the service."""

import threading
from collections.abc import Callable
from heapq import nlargest

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from corpus_tuner.errors import LockedError, SearchIndexError
from corpus_tuner.server.error_responses import problems
from corpus_tuner.server.schemas import (
    MAX_FIELDS,
    AddRequest,
    ChangedAnswer,
    DocumentAnswer,
    FieldAnswer,
    IndexAnswer,
)
from corpus_tuner.server.state import CurrentService, Service

router = APIRouter()
changes = APIRouter()
"""Routes that change the index; included only where a writer and a token are given."""
health = APIRouter(default_response_class=PlainTextResponse)
"""Routes for load balancers, which need no token."""
_one_at_a_time = threading.Lock()


@router.get("/v1/index")
def index(service: CurrentService) -> IndexAnswer:
    """Say what the index is."""
    searcher = service.live.searcher
    manifest = searcher.manifest
    return IndexAnswer(
        documents=manifest.documents,
        views=manifest.views,
        language=manifest.build.language,
        languages=manifest.languages,
        encoder=searcher.encoder.name,
        representation=searcher.representation,
        representations=list(manifest.representations),
        lexical=manifest.lexical is not None,
        weights=manifest.search.model_dump(include={"dense", "hybrid"}),
        fields={
            name: FieldAnswer(**field._asdict())
            for name, field in nlargest(
                MAX_FIELDS, searcher.fields.items(), lambda named: named[1].documents
            )
        },
    )


@router.get("/v1/documents/{id:path}", responses=problems(404, 422, 500))
def document(id: str, service: CurrentService) -> DocumentAnswer:
    """Return a document, its views, and what was written for it and rejected."""
    found = service.live.searcher.document(id)
    if found is None:
        raise HTTPException(404, f"there is no document {id!r}")
    return DocumentAnswer.of(*found, service.rejected_views(found[0]))


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(service: CurrentService) -> Response:
    """Return counts and times, as Prometheus reads them."""
    return Response(service.counts.as_text(), media_type=CONTENT_TYPE_LATEST)


@health.get("/health")
def check_health() -> str:
    """Say that the process runs."""
    return "ok"


@health.get("/ready", responses={503: {"description": "Too busy."}})
def ready(service: CurrentService) -> Response:
    """Say whether a query would be taken."""
    busy = service.batcher.full
    return PlainTextResponse("busy" if busy else "ready", 503 if busy else 200)


@changes.post("/v1/documents", responses=problems(400, 409, 413, 422, 500))
def add(request: AddRequest, service: CurrentService) -> ChangedAnswer:
    """Add documents; one whose id the index has replaces the one that has it.

    The answer comes when searches find them.
    """
    documents = [document.model_dump() for document in request.documents]
    writer = service.writer
    assert writer is not None
    return _changed(service, lambda: writer.add(documents))


@changes.delete("/v1/documents/{id:path}", responses=problems(400, 404, 409, 500))
def remove(id: str, service: CurrentService) -> ChangedAnswer:
    """Remove a document; the answer comes when searches do not find it any more."""
    writer = service.writer
    assert writer is not None
    answer = _changed(service, lambda: writer.remove(id))
    if not answer.removed:
        raise HTTPException(404, f"there is no document {id!r}")
    return answer


def _changed(service: Service, change: Callable[[], ChangedAnswer]) -> ChangedAnswer:
    """Change the index, and let searches see it."""
    with _one_at_a_time:
        try:
            answer = change()
        except LockedError as error:
            raise HTTPException(409, str(error), headers={"Retry-After": "5"}) from None
        except SearchIndexError:
            raise  # answered as a fault of the service
        except ValueError as error:  # of the documents
            raise HTTPException(400, str(error)) from None
        service.live.look()
    return answer
