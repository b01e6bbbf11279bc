"""Why there is no answer: the statuses, and what is said where a request does not fit."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.server.schemas import Problem

_DESCRIPTIONS = {
    400: "The index cannot do this.",
    401: "The token is missing or wrong.",
    404: "There is no such document.",
    409: "Another is changing the index: come again.",
    413: "The body is too large.",
    421: "The service does not go by that name.",
    422: "The request is not as described here.",
    429: "Too many queries wait: come again.",
    500: "The service failed; its log says why.",
    504: "It took too long.",
}
_log = logging.getLogger(__name__)
_MOST_NAMED = 4  # things that are wrong with a request


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these statuses as an OpenAPI document describes them.

    Examples
    --------
    >>> problems(413)[413]["description"]
    'The body is too large.'
    """
    return {status: {"model": Problem, "description": _DESCRIPTIONS[status]} for status in statuses}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer that says why there is no other."""
    return JSONResponse({"detail": detail}, status, headers)


async def fail(_: Request, error: Exception) -> JSONResponse:
    """Answer a fault of the service: it names files of this machine, so only the log has it."""
    if isinstance(error, SearchIndexError):
        _log.error("%s", error)
        return problem(500, "the index cannot be read: the log of the service says why")
    return problem(500, "the service failed: its log says why")  # the server logs it


async def refuse(_: Request, error: Exception) -> JSONResponse:
    """Answer what does not fit its model: where and why, without handing back what was sent."""
    assert isinstance(error, RequestValidationError)
    lines = []
    for found in error.errors()[:_MOST_NAMED]:
        where, *inside = found["loc"]
        path = inside if where in ("body", "path", "query") else found["loc"]
        field = ".".join(str(part)[:80] for part in path)
        reason = found["msg"].removeprefix("Value error, ")
        if found["type"] == "json_invalid":
            reason = f"the body is not JSON: {found['ctx']['error']}, character {field}"
            field = ""
        elif found["loc"] == ("body",) and found["type"] in (
            "model_attributes_type",
            "model_type",
        ):
            reason = "the body must be a JSON object, sent with Content-Type: application/json"
        lines.append(f"{field}: {reason}" if field else reason)
    detail = "; ".join(lines).encode("utf-8", "replace").decode()
    return problem(422, detail)
