"""Why there is no answer: the statuses, and what is said where a request does not fit."""

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from corpus_tuner.indexes.server.schemas import Problem

_DESCRIPTIONS = {
    400: "The index cannot do this.",
    401: "The token is missing or wrong.",
    404: "There is no such document.",
    409: "Another is changing the index: come again.",
    413: "The body is too large.",
    422: "The request is not as described here.",
    429: "Too many queries wait: come again.",
    500: "The index cannot be read; the log of the service says why.",
    504: "It took too long.",
}
_MOST_NAMED = 4  # things that are wrong with a request


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these statuses as an OpenAPI document describes them.

    Examples
    --------
    >>> problems(413)[413]["description"]
    'The body is too large.'
    """
    return {status: {"model": Problem, "description": _DESCRIPTIONS[status]} for status in statuses}


async def refuse(_: Request, error: Exception) -> JSONResponse:
    """Answer what does not fit its model: where and why, without handing back what was sent."""
    assert isinstance(error, RequestValidationError)
    lines = []
    for problem in error.errors()[:_MOST_NAMED]:
        field = ".".join(str(part)[:80] for part in problem["loc"] if part != "body")
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "json_invalid":
            reason = f"the body is not JSON: {problem['ctx']['error']}, character {field}"
            field = ""
        elif problem["loc"] == ("body",) and problem["type"] in (
            "model_attributes_type",
            "model_type",
        ):
            reason = "the body must be a JSON object, sent with Content-Type: application/json"
        lines.append(f"{field}: {reason}" if field else reason)
    detail = "; ".join(lines).encode("utf-8", "replace").decode()
    return JSONResponse({"detail": detail}, 422)
