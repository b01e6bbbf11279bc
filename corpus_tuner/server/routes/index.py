"""``GET /v1/index``: what the index is."""

from heapq import nlargest

from fastapi import APIRouter

from corpus_tuner.server.schemas import MAX_FIELDS, FieldAnswer, IndexAnswer
from corpus_tuner.server.state import CurrentService

router = APIRouter()


@router.get("/v1/index")
def index(service: CurrentService) -> IndexAnswer:
    """Say what the index is."""
    searcher = service.live.searcher
    manifest = searcher.manifest
    return IndexAnswer(
        documents=manifest.documents,
        views=manifest.views,
        language=str(manifest.build.get("language", "")),
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
