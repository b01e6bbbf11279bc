"""ASGI middleware that refuses requests before they are read: bearer token, host, size of body."""

import re
from collections.abc import Collection
from ipaddress import ip_address

from fastapi import Depends, HTTPException
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpus_tuner.server.error_responses import make_problem
from corpus_tuner.server.tokens import TokenFile, store_token

MAX_BODY = 2**20
"""Maximum size of a request body, in bytes."""
PUBLIC_PATHS = frozenset({"/", "/docs", "/openapi.json", "/health", "/ready"})
"""Paths that need no token, apart from assets: they show nothing of the corpus."""
documented_token = Depends(HTTPBearer(auto_error=False))
"""Documents in OpenAPI that a route needs the token; `TokenGuard` checks it."""
_DOCUMENTS = "/v1/documents"
_CHANGES = ("POST", "DELETE")
_HOST = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<name>[^:\[\]]+))(?::\d*)?")


class TokenGuard:
    """Middleware that checks the bearer token and its rights.

    Parameters
    ----------
    app
        Protected application.
    tokens
        Tokens of which requests must have one.
    """

    def __init__(self, app: ASGIApp, tokens: TokenFile) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401 or 403."""
        app = self._app
        if scope["type"] == "http" and not (
            scope["path"] in PUBLIC_PATHS or scope["path"].startswith("/assets/")
        ):
            scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
            token = self._tokens.find(given.strip()) if scheme.lower() == "bearer" else None
            changes = scope["path"].startswith(_DOCUMENTS) and scope["method"] in _CHANGES
            right = "write" if changes else "read"
            if token is None:
                detail = "this needs the right token: Authorization: Bearer TOKEN"
                app = make_problem(401, detail, {"WWW-Authenticate": "Bearer"})
            elif right not in token.rights:
                app = make_problem(403, f"the token {token.name!r} has no right to {right}")
            else:
                store_token(scope, token)
        await app(scope, receive, send)


class HostGuard:
    """Middleware that refuses unknown hosts, against DNS rebinding, and pages of other sites.

    A web page can have its own name resolved to 127.0.0.1 and then request the service as if it
    were of the same site. Its requests have that name as ``Host``. An IP address cannot be resolved
    to another, so every one is allowed, and `localhost`, for which no DNS server is queried.

    Parameters
    ----------
    app
        Protected application.
    names
        Further names of the service, without ports.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 421."""
        app = self._app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            hosts = headers.getlist("host")
            if len(hosts) != 1 or not is_known_host(hosts[0], self._names):
                app = make_problem(
                    421, "this service does not go by that name: serve it with --allowed-host NAME"
                )
            elif any(
                not is_known_host(origin.partition("://")[2], self._names)
                for origin in headers.getlist("origin")
            ):
                app = make_problem(403, "pages of other sites cannot use this service")
        await app(scope, receive, send)


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Tell whether a ``Host``, with or without a port, is an IP address, `localhost` or a name.

    Examples
    --------
    >>> hosts = ("[::1]:80", "Mine.Example", "evil.example")
    >>> [is_known_host(host, {"mine.example"}) for host in hosts]
    [True, True, False]
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["name"] or "").lower().removesuffix(".")
    if name == "localhost" or name in {known.lower() for known in names}:
        return True
    try:
        return ip_address(found["v6"] or name).version == (6 if found["v6"] else 4)
    except ValueError:
        return False


class BodyLimit:
    """Middleware that stops reading a body at `MAX_BODY`, whatever the headers say."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def receive_limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                # Any other error would be answered with a 400.
                raise HTTPException(413, f"the body has more than {MAX_BODY} bytes")
            return message

        await self._app(scope, receive_limited, send)
