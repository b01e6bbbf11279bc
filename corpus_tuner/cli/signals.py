"""SIGTERM and SIGHUP end a command in order, as Ctrl-C does."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
STOPPED = {128 + number for number in (signal.SIGINT, *_SIGNALS)}
"""Exit codes of a command that was stopped."""


@contextmanager
def handle_signals() -> Iterator[None]:
    """Make these signals raise `SystemExit`, unless they are handled or ignored already.

    ``nohup`` ignores SIGHUP.
    """
    handled = []
    if threading.current_thread() is threading.main_thread():
        handled = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
