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
from corpus_tuner.indexes.filters.fields import Fields
from corpus_tuner.indexes.search.hits import Hits
from corpus_tuner.server.batching import TIMEOUT, BusyError, SearchArguments
from corpus_tuner.server.error_responses import describe_problems
from corpus_tuner.server.schemas import (
    QueryResult,
    SearchParameters,
    SearchRequest,
    SearchResponse,
)
from corpus_tuner.server.state import CurrentService, Service

router = APIRouter(responses=describe_problems(400, 422, 429, 500, 504))


@router.post("/v1/search", response_model=SearchResponse, responses=describe_problems(413))
async def search(request: SearchRequest, service: CurrentService) -> Response:
    """Return the best documents for one query or several."""
    try:
        if request.fields:
            request.returned.check(await _read_fields(service))
        content = await asyncio.wait_for(_search(request, service), TIMEOUT)
    except BusyError:
        detail = "too many queries are waiting: try again"
        raise HTTPException(429, detail, headers={"Retry-After": "1"}) from None
    except TimeoutError:
        raise HTTPException(504, f"it took longer than {TIMEOUT:g} s") from None
    except DamagedError:
        raise  # answered as a fault of the service
    except SearchIndexError as error:
        raise HTTPException(400, str(error)) from None
    return Response(content, media_type="application/json")


@router.get("/v1/search", response_model=SearchResponse)
async def search_by_url(
    parameters: Annotated[SearchParameters, Query()], service: CurrentService
) -> Response:
    """Return the best documents for one query; the response is that of `POST`."""
    given = parameters.model_dump(exclude_unset=True)
    given["query"] = given.pop("q")
    if parameters.fields is not None:
        given["fields"] = parameters.fields.split(",")
    fields = await _read_fields(service) if parameters.filter else None
    try:
        if parameters.filter:
            given["filter"] = parse_filters(parameters.filter, fields)
        request = SearchRequest(**given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    except SearchIndexError as error:
        raise HTTPException(422, str(error)) from None
    return await search(request, service)


async def _read_fields(service: Service) -> Fields:
    """Return the fields of the index; those of some documents take time to count."""
    return await asyncio.to_thread(lambda: service.searcher.fields)


async def _search(request: SearchRequest, service: Service) -> str:
    """Search, and return the response as JSON."""
    start = time.perf_counter()
    arguments = SearchArguments(
        *(request.k, request.mode, request.filter, request.min_probability, request.collapse),
        service.restriction,
    )
    found = await service.batcher.search(request.queries, arguments)
    if not request.explain and len(request.queries) == 1:
        return _make_json(request, found, service, start)
    # Writing many documents, and looking for words in them, must not delay other requests.
    return await asyncio.to_thread(_make_json, request, found, service, start)


def _make_json(
    request: SearchRequest, found: Sequence[Hits], service: Service, start: float
) -> str:
    searcher = service.searcher if request.explain else None
    results = [
        QueryResult.from_hits(query, hits, searcher, request.returned)
        for query, hits in zip(request.queries, found, strict=True)
    ]
    warnings = [*dict.fromkeys(hits.warning for hits in found if hits.warning)]
    if request.min_probability and any(hit.probability is None for hits in found for hit in hits):
        warnings.append(
            "min_probability is ignored: hits have a probability only in hybrid mode, where the "
            "index is calibrated"
        )
    took = round(1000 * (time.perf_counter() - start), 2)
    response = SearchResponse(results=results, took_ms=took, warnings=warnings)
    return response.model_dump_json(exclude_unset=True)
