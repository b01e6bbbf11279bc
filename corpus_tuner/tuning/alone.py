"""One tuning at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from corpus_tuner.errors import CorpusTunerError


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Keep others from tuning into a folder meanwhile.

    Raises
    ------
    CorpusTunerError
        If another does already.
    """
    try:
        with FileLock(output / ".lock", timeout=0):
            yield
    except Timeout:
        raise CorpusTunerError(f"another process tunes into {output}: wait for it") from None
