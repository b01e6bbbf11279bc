"""``GET /metrics``: counts and times."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from corpus_tuner.server.state import CurrentService

router = APIRouter()


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(service: CurrentService) -> Response:
    """Return counts and times, as Prometheus reads them."""
    return Response(service.counts.as_text(), media_type=CONTENT_TYPE_LATEST)
