"""Error responses: statuses, and reasons that name the field of the request."""

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
    403: "The token has not the right.",
    404: "There is no such document.",
    409: "Another process is changing the index: try again.",
    413: "The body is too large.",
    421: "The service does not go by that name.",
    422: "The request is not as described here.",
    429: "Too many queries or changes are waiting: try again.",
    500: "The service failed; its log says why.",
    503: "The change is committed, but searches do not see it.",
    504: "It took too long.",
}
_log = logging.getLogger(__name__)
_MAX_REASONS = 4


def describe_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of these statuses for the OpenAPI document.

    Examples
    --------
    >>> describe_problems(413)[413]["description"]
    'The body is too large.'
    """
    return {status: {"model": Problem, "description": _DESCRIPTIONS[status]} for status in statuses}


def make_problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the error response with this reason."""
    return JSONResponse({"detail": detail}, status, headers)


async def handle_error(_: Request, error: Exception) -> JSONResponse:
    """Return a 500; its reason can name files of this machine, so only the log has it."""
    if isinstance(error, SearchIndexError):
        _log.error("%s", error)
        return make_problem(500, "the index cannot be read: the log of the service says why")
    return make_problem(500, "the service failed: its log says why")  # the server logs it


async def handle_invalid_request(_: Request, error: Exception) -> JSONResponse:
    """Return a 422 that names fields and reasons, without the values that were sent."""
    assert isinstance(error, RequestValidationError)
    lines = []
    for found in error.errors()[:_MAX_REASONS]:
        where, *inside = found["loc"] or ("body",)
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
    return make_problem(422, detail)
