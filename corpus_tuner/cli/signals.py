"""SIGTERM and SIGHUP end a command in order, as Ctrl-C does."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
STOPPED = {128 + number for number in (signal.SIGINT, *_SIGNALS)}
"""The exit codes of a command that was stopped."""


@contextmanager
def stopping() -> Iterator[None]:
    """Make these signals raise `SystemExit`, but not those that somebody else sees to.

    That is so under ``nohup``, which has SIGHUP ignored.
    """
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
