"""``GET /`` and ``/docs``: the pages to search on and to read, and the files that they need."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from corpus_tuner.server.api_page import reference

_ASSETS = {"page.js": "text/javascript", "plain.js": "text/javascript", "style.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def page() -> Response:
    """Return the page."""
    return HTMLResponse(_read("page.html"), headers=_HEADERS)


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> Response:
    """Return what can be asked over HTTP, for people."""
    return HTMLResponse(reference(request.app.openapi()), headers=_HEADERS)


@router.get("/assets/{name}")
def asset(name: str) -> Response:
    """Return a file that the page needs."""
    if name not in _ASSETS:
        raise HTTPException(404, "there is no such file")
    return Response(_read(name), media_type=_ASSETS[name], headers=_HEADERS)


def _read(name: str) -> str:
    return (files("corpus_tuner.server") / "pages" / name).read_text(encoding="utf-8")
