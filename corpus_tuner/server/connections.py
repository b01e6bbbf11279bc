"""Limits on connections: their number, and the time that slow clients have.

uvicorn closes a connection that is idle after a response, and no other. Here a connection is also
closed if its request does not arrive, or not completely, or if its response is not read. When the
maximum number is open, a new connection replaces the one that has waited longest for its client.
granian (2.8) and hypercorn (0.18) were tried instead of this module: neither closes connections
with half a body, or with a response that is not read.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from corpus_tuner.errors import CorpusTunerError

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

MAX_CONNECTIONS = 512
"""Maximum number of open connections, if the system allows twice as many open files."""
CLIENT_TIMEOUT = 30.0
"""Maximum time in which a client sends a whole request, or reads a response, in seconds."""
UVICORN = ("0.54",)
"""Versions of uvicorn whose private protocol class `Connection` is known to extend."""
_SLOW = b'{"detail":"the request took too long to arrive"}'
_FULL = b'{"detail":"too many connections are open: try again"}'


def make_uvicorn_options() -> dict[str, Any]:
    """Return the options of `uvicorn.run` and `uvicorn.Config`.

    Raises
    ------
    CorpusTunerError
        If another version of uvicorn is installed than those that are supported.

    Examples
    --------
    >>> sorted(make_uvicorn_options())
    ['http', 'timeout_graceful_shutdown', 'timeout_keep_alive', 'ws']
    """
    installed = version("uvicorn")
    if installed.rpartition(".")[0] not in UVICORN:
        raise CorpusTunerError(
            f"the limits on connections work with uvicorn {', '.join(UVICORN)}, not {installed}: "
            f"pip install 'uvicorn=={UVICORN[-1]}.*'"
        )
    return {
        "http": partial(Connection, max_connections=_limit_connections()),
        "ws": "none",  # no route needs it, and it would have no time limits
        "timeout_keep_alive": 75,  # longer than the proxies in front of it
        "timeout_graceful_shutdown": 30,
    }


class Connection(HttpToolsProtocol):
    """A connection of a client, instead of uvicorn's class.

    Parameters
    ----------
    max_connections
        Maximum number of open connections.
    **options
        Options that uvicorn gives.
    """

    def __init__(self, max_connections: int, **options: Any) -> None:
        super().__init__(**options)
        self._max_connections = max_connections
        self._deadline: asyncio.TimerHandle | None = None
        self._waiting_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Close the connection that has waited longest, if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._max_connections:
            waiting = [
                other
                for other in self.connections
                if isinstance(other, Connection) and other is not self and other.waits
            ]
            if not waiting:
                self._refuse(b"503 Service Unavailable", _FULL)
                return
            min(waiting, key=lambda other: other._waiting_since).transport.abort()
        self._start_deadline(self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request; the first one starts the time limit."""
        if self._deadline is None:
            self._start_deadline(self._end_slow_request)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Start the time limit for the rest of a request."""
        self._start_deadline(self._end_slow_request)
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """End the time limit: the request is complete."""
        self._cancel_deadline()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Start the time limit in which the client must read."""
        super().pause_writing()
        self._start_deadline(self.transport.abort)

    def resume_writing(self) -> None:
        """End the time limit: the client reads."""
        super().resume_writing()
        self._cancel_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the time limit with the connection."""
        self._cancel_deadline()
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether the connection waits for its client."""
        return self._deadline is not None or self.timeout_keep_alive_task is not None

    def _start_deadline(self, expire: Callable[[], None]) -> None:
        self._cancel_deadline()
        self._waiting_since = self.loop.time()
        self._deadline = self.loop.call_later(CLIENT_TIMEOUT, expire)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_slow_request(self) -> None:
        if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # another response cannot begin inside this one
        else:
            self._refuse(b"408 Request Timeout", _SLOW)

    def _refuse(self, status: bytes, body: bytes) -> None:
        """Respond without the application, and close."""
        head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d"
        self.transport.write(b"HTTP/1.1 %b\r\n" % status + head % len(body) + b"\r\n\r\n" + body)
        self.transport.close()


def _limit_connections() -> int:
    """Return the maximum number of connections: the index needs open files as well."""
    if resource is None:
        return MAX_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(1, files // 2))
