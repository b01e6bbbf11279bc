"""Refuse bodies that are too large before they are read."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _TooLargeError(Exception):
    """More came than was allowed."""


class BodyLimit:
    """Middleware that stops reading at the limit, whatever the headers say.

    Parameters
    ----------
    app
        What is protected.
    most
        Bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        seen = 0
        begun = False

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if told.isdigit() and int(told) > self._most:
                raise _TooLargeError
            await self._app(scope, limited, noted)
        except _TooLargeError:
            if not begun:
                told_why = f"the body has more than {self._most} bytes"
                await JSONResponse({"detail": told_why}, 413)(scope, receive, send)
