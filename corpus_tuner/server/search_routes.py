"""``/v1/search``: the best documents for one query (``GET``), or for one or several (``POST``)."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from corpus_tuner.errors import DamagedError, SearchIndexError
from corpus_tuner.indexes.filters import parse_filters
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.server.batching import BusyError, Group
from corpus_tuner.server.error_responses import problems
from corpus_tuner.server.schemas import (
    AddressedSearch,
    ResultAnswer,
    SearchAnswer,
    SearchRequest,
)
from corpus_tuner.server.search_limits import limited
from corpus_tuner.server.state import CurrentService, Service

router = APIRouter(responses=problems(400, 422, 429, 500, 504))


@router.post("/v1/search", response_model=SearchAnswer, responses=problems(413))
async def search(request: SearchRequest, service: CurrentService) -> Response:
    """Find the best documents for one query or several."""
    try:
        group = limited(request, service.settings)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    timeout = service.settings.timeout
    try:
        if request.fields:
            request.shown.check(service.live.searcher.fields)
        content = await asyncio.wait_for(_answer(request, group, service), timeout)
    except BusyError:
        detail = "too many queries wait: come again"
        raise HTTPException(429, detail, headers={"Retry-After": "1"}) from None
    except TimeoutError:
        raise HTTPException(504, f"it took longer than {timeout:g} s") from None
    except DamagedError:
        raise  # answered as a fault of the service
    except SearchIndexError as error:
        raise HTTPException(400, str(error)) from None
    return Response(content, media_type="application/json")


@router.get("/v1/search", response_model=SearchAnswer)
async def search_by_address(
    asked: Annotated[AddressedSearch, Query()], service: CurrentService
) -> Response:
    """Find the best documents for one query; the answer is that of `POST`."""
    given = asked.model_dump(exclude_unset=True)
    given["query"] = given.pop("q")
    if asked.fields is not None:
        given["fields"] = asked.fields.split(",")
    try:
        if asked.filter:
            given["filter"] = parse_filters(asked.filter, service.live.searcher.fields)
        request = SearchRequest(**given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    except SearchIndexError as error:
        raise HTTPException(422, str(error)) from None
    return await search(request, service)


async def _answer(request: SearchRequest, group: Group, service: Service) -> str:
    """Search, and return the answer as JSON."""
    start = time.perf_counter()
    found = await service.batcher.search(request.queries, group)
    if not request.explain and len(request.queries) == 1:
        return _as_json(request, found, service, start)
    # Writing many documents, and looking for words in them, must not hold up others.
    return await asyncio.to_thread(_as_json, request, found, service, start)


def _as_json(
    request: SearchRequest, found: Sequence[Sequence[Hit]], service: Service, start: float
) -> str:
    explaining = service.live.searcher if request.explain else None
    characters = service.settings.explained_characters
    results = [
        ResultAnswer.of(query, hits, explaining, characters, request.shown)
        for query, hits in zip(request.queries, found, strict=True)
    ]
    took = round(1000 * (time.perf_counter() - start), 2)
    answer = SearchAnswer(results=results, took_ms=took, warnings=_warnings(request, found))
    return answer.model_dump_json(exclude_unset=True)


def _warnings(request: SearchRequest, found: Sequence[Sequence[Hit]]) -> list[str]:
    """Return what was done differently from what was requested."""
    if request.min_probability and any(hit.probability is None for hits in found for hit in hits):
        return [
            "min_probability is ignored: hits have a probability only in hybrid mode, where the "
            "index is calibrated"
        ]
    return []
