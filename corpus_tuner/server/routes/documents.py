"""``GET /v1/documents/{id}``: a document, its views and those that were rejected."""

from fastapi import APIRouter, HTTPException

from corpus_tuner.server.error_responses import problems
from corpus_tuner.server.schemas import DocumentAnswer
from corpus_tuner.server.state import CurrentService

router = APIRouter()


@router.get("/v1/documents/{id:path}", responses=problems(404, 422, 500))
def document(id: str, service: CurrentService) -> DocumentAnswer:
    """Return a document, its views, and what was written for it and rejected."""
    found = service.live.searcher.document(id)
    if found is None:
        raise HTTPException(404, f"there is no document {id!r}")
    return DocumentAnswer.of(*found, service.rejected_views(found[0]))
