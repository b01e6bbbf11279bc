"""Refuse bodies that are too large before they are read."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpus_tuner.server.error_responses import problem


class BodyLimit:
    """Middleware that stops reading at the limit, whatever the headers say.

    Parameters
    ----------
    app
        What is protected.
    limit
        Bytes.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = f"the body has more than {self._limit} bytes"
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limit:
            await problem(413, detail)(scope, receive, send)
            return
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise HTTPException(413, detail)  # any other error would be answered with a 400
            return message

        await self._app(scope, limited, send)
