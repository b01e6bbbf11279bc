"""Connections: so many at once, and none that holds its room by sending or reading nothing.

uvicorn ends a connection that is idle after an answer, and no other. Here one is ended too where a
request does not come, or does not come to its end, and where an answer is not taken. When there are
as many as may be, a new one has the room of whichever has waited longest for its client.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from corpus_tuner.server.settings import ServerSettings

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

_SLOW = b'{"detail":"the request took too long to arrive"}'
_FULL = b'{"detail":"too many connections are open: come again"}'


def uvicorn_options(settings: ServerSettings) -> dict[str, Any]:
    """Return what `uvicorn.run` and `uvicorn.Config` are to be given, other than the service.

    Examples
    --------
    >>> sorted(uvicorn_options(ServerSettings()))
    ['http', 'timeout_graceful_shutdown', 'timeout_keep_alive', 'ws']
    """
    return {
        "http": partial(Connection, most=_most(settings), patience=settings.patience),
        "ws": "none",  # nothing here speaks it, and it would know no time-outs
        "timeout_keep_alive": 75,  # longer than the proxies that stand in front of it keep theirs
        "timeout_graceful_shutdown": 30,
    }


class Connection(HttpToolsProtocol):
    """A connection of a client, as uvicorn makes one.

    Parameters
    ----------
    most
        Connections at once.
    patience
        Seconds that a client has for its turn.
    **given
        By uvicorn.
    """

    def __init__(self, most: int, patience: float, **given: Any) -> None:
        super().__init__(**given)
        self._most = most
        self._patience = patience
        self._deadline: asyncio.TimerHandle | None = None
        self._since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for the connection; begin to wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            waiting = [other for other in self._others() if other.waits]
            if not waiting:
                self._end(b"503 Service Unavailable", _FULL)
                return
            min(waiting, key=lambda other: other._since).transport.abort()
        self._wait(self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request, which may begin one."""
        if self._deadline is None:
            self._wait(self._refuse)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        self._wait(self._refuse)
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Wait no longer: the request is there."""
        self._go_on()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin to wait until the client takes what is written."""
        super().pause_writing()
        self._wait(self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer: it took it."""
        super().resume_writing()
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._go_on()
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn."""
        return self._deadline is not None or self.timeout_keep_alive_task is not None

    def _others(self) -> "list[Connection]":
        return [
            other
            for other in self.connections
            if isinstance(other, Connection) and other is not self
        ]

    def _wait(self, otherwise: Callable[[], None]) -> None:
        """Give the client its time from now on, or do otherwise."""
        self._go_on()
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(self._patience, otherwise)

    def _go_on(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self) -> None:
        if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # in the middle of an answer there is no room for another
        else:
            self._end(b"408 Request Timeout", _SLOW)

    def _end(self, status: bytes, body: bytes) -> None:
        """Answer without the service, and close."""
        head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d"
        self.transport.write(b"HTTP/1.1 %b\r\n" % status + head % len(body) + b"\r\n\r\n" + body)
        self.transport.close()


def _most(settings: ServerSettings) -> int:
    """Return how many connections there may be: the index needs open files as well."""
    if resource is None:
        return settings.connections
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        settings.connections
        if files == resource.RLIM_INFINITY
        else min(settings.connections, max(1, files // 2))
    )
