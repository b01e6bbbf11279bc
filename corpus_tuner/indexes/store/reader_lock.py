"""Shared locks on segments that readers have open, so that no writer removes them.

Where a system keeps files that are open although they are removed, readers need no lock; others
(network folders, Windows) take them away or refuse. A process that ends lets go of its locks,
however it ends.
"""

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows does not remove what is open
    fcntl = None  # type: ignore[assignment]


class ReaderLock:
    """A shared lock on the folder of a segment, from now until it is released."""

    def __init__(self, folder: Path) -> None:
        self._descriptor: int | None = None
        if fcntl is None:
            return
        try:
            self._descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:  # it is just being removed, or the file system has no locks
            self.release()

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def has_readers(folder: Path) -> bool:
    """Tell whether a reader has a segment open."""
    if fcntl is None:
        return False
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
