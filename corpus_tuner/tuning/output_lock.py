"""One tuning at a time in a folder, which is that of a tuning."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.store.write_lock import create_output_folder

_LOCK = ".lock"


def claim(output: Path) -> None:
    """Make the folder of a tuning, or see that it is one already.

    Raises
    ------
    SearchIndexError
        If it is a file, holds other things, or cannot be made.
    CorpusTunerError
        If it cannot be written to.
    """
    lock = output / _LOCK
    create_output_folder(output, (lock,), "a tuning", "the model")
    try:
        lock.touch()
    except OSError as error:
        raise CorpusTunerError(f"cannot write to {output}: {error.strerror}") from error


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Keep others from tuning into a folder meanwhile; one that stays empty is removed.

    Raises
    ------
    CorpusTunerError
        If another does already.
    SearchIndexError
        If it is no folder for a tuning.
    """
    claim(output)
    lock = output / _LOCK
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise CorpusTunerError(f"another process tunes into {output}: wait for it") from None
    except CorpusTunerError:
        with suppress(OSError):
            if list(output.iterdir()) == [lock]:
                lock.unlink()
                output.rmdir()
        raise
    finally:
        with suppress(OSError):
            if any(output.iterdir()):
                lock.touch()  # by which a folder is known, should the lock have gone with its owner
