"""Worker processes of a service, which share its socket and the mapped files of its index."""

import os
import signal
import sys
from contextlib import suppress

from corpus_tuner.errors import CorpusTunerError

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def fork_workers(count: int) -> int:
    """Fork workers; return in each of them, with its number from 0 on.

    The processor's cores are divided between them, so libraries that start threads must be imported
    afterwards. The process that was forked does not return: it passes signals on to the workers,
    and exits when they do. When a worker ends by itself, it stops the others.

    Raises
    ------
    CorpusTunerError
        If the system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise CorpusTunerError("--workers needs a system that can fork processes: leave it out")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    workers = []
    for number in range(count):
        worker = os.fork()
        if not worker:
            return number
        workers.append(worker)
    is_stopped = False

    def stop(*_: object) -> None:
        nonlocal is_stopped
        is_stopped = True
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGTERM)

    for one in _SIGNALS:
        signal.signal(one, stop)
    _, status = os.wait()
    code = 0 if is_stopped else os.waitstatus_to_exitcode(status)
    stop()
    for _ in workers[1:]:
        os.wait()
    sys.exit(code if code >= 0 else 1)
