"""Let in only those who have the token."""

import hmac

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from corpus_tuner.server.error_responses import problem

OPEN = frozenset({"/", "/docs", "/openapi.json", "/health", "/ready"})
"""What can be had without the token, apart from the files of the pages: nothing of the corpus."""
documented = Depends(HTTPBearer(auto_error=False))
"""Says in the OpenAPI document that a route needs the token; `TokenGuard` sees to it."""


class TokenGuard:
    """Middleware that refuses other tokens before anything of a request is read.

    Parameters
    ----------
    app
        What is protected.
    token
        What requests must bring. It takes as long for any wrong one.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._app
        if scope["type"] == "http" and not (
            scope["path"] in OPEN or scope["path"].startswith("/assets/") or self._admits(scope)
        ):
            detail = "this needs the right token: Authorization: Bearer TOKEN"
            app = problem(401, detail, {"WWW-Authenticate": "Bearer"})
        await app(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        # Headers come as Latin-1, whatever they were.
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("latin-1", "replace"), self._token)
        return right and scheme.lower() == "bearer"
