"""Limits of the body of an HTTP response.

Timeouts of a client are for each packet, so a server could send for ever.
"""

import time
from collections.abc import Iterator
from typing import Any

import httpx2

MOST_BYTES = 1 << 24


class UnusableError(Exception):
    """A body is too long, or takes too long."""


class LimitedStream(httpx2.SyncByteStream):
    """The body of a response, at most `MOST_BYTES` long, and read for at most `seconds`."""

    def __init__(self, stream: Any, seconds: float) -> None:
        self._stream = stream
        self._end = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for data in self._stream:
            total += len(data)
            if total > MOST_BYTES or time.monotonic() > self._end:
                raise UnusableError
            yield data

    def close(self) -> None:
        """Close the connection or give it back."""
        self._stream.close()
