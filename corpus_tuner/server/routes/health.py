"""``GET /health`` and ``/ready``: whether the process runs, and whether it takes queries."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from corpus_tuner.server.state import CurrentService

router = APIRouter(default_response_class=PlainTextResponse)


@router.get("/health")
def health() -> str:
    """Say that the process runs."""
    return "ok"


@router.get("/ready", responses={503: {"description": "Too busy."}})
def ready(service: CurrentService) -> Response:
    """Say whether a query would be taken."""
    busy = service.batcher.full
    return PlainTextResponse("busy" if busy else "ready", 503 if busy else 200)
