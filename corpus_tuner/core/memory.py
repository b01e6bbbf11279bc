"""Memory of the process."""

import ctypes
from contextlib import suppress


def release_free_memory() -> None:
    """Return freed memory to the operating system, where the C library can (glibc).

    By itself glibc keeps most of what a model leaves, up to 770 MiB, and reuses only parts of it.

    Examples
    --------
    >>> release_free_memory()
    """
    with suppress(AttributeError, OSError, TypeError):  # other C libraries, Windows
        ctypes.CDLL(None).malloc_trim(0)
