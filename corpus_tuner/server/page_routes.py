"""``GET /`` and ``/docs``: the search page, the API reference, and their assets."""

import base64
import hashlib
import re
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

_ASSETS = {
    "page.js": "corpus_tuner.server",
    "plain.js": "corpus_tuner.server",
    "style.css": "corpus_tuner.server",
    "swagger-ui-bundle.js": "fastapi_offline",
    "swagger-ui.css": "fastapi_offline",
    "favicon.png": "fastapi_offline",
}
"""Packages that have the files; `fastapi_offline` has the assets of Swagger UI."""
_FOLDERS = {"corpus_tuner.server": "pages", "fastapi_offline": "static"}
_TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png"}
_POLICY = (
    "default-src 'none'; script-src 'self'{script}; style-src 'self'{style}; img-src 'self'{image};"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def get_page() -> Response:
    """Return the search page."""
    page = files("corpus_tuner.server") / "pages" / "page.html"
    return HTMLResponse(page.read_text(encoding="utf-8"), headers=make_headers())


@router.get("/docs", response_class=HTMLResponse)
def get_api_reference(request: Request) -> Response:
    """Return the API reference: FastAPI's own page, with assets of this service."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="HTTP API · corpus-tuner",
        swagger_js_url="/assets/swagger-ui-bundle.js",
        swagger_css_url="/assets/swagger-ui.css",
        swagger_favicon_url="/assets/favicon.png",
        oauth2_redirect_url=None,
    )
    html = bytes(page.body).decode()
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    headers = make_headers(f" 'sha256-{digest}'", " 'unsafe-inline'", " data:")
    return HTMLResponse(html, headers=headers)


@router.get("/assets/{name}")
def get_asset(name: str) -> Response:
    """Return a file that a page needs."""
    package = _ASSETS.get(name)
    if package is None:
        raise HTTPException(404, "there is no such file")
    content = (files(package) / _FOLDERS[package] / name).read_bytes()
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=make_headers())


def make_headers(script: str = "", style: str = "", image: str = "") -> dict[str, str]:
    """Return headers that allow only scripts, styles and images of this service, and these."""
    return {
        "Content-Security-Policy": _POLICY.format(script=script, style=style, image=image),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
