"""Messages for errors of a disk that is full or fails, and of too many open files."""

import errno
import sqlite3

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
SQLITE_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
"""Result codes of SQLite for a database that another process keeps locked."""
SQLITE_FORBIDDEN = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
)
"""Result codes of SQLite for a database that this process may not use."""
_AGAIN = "and run the same command again to go on"


def describe_disk_error(error: BaseException) -> str:
    """Describe an error of a disk or of open files, and its remedy; "" if it is of another kind.

    Examples
    --------
    >>> describe_disk_error(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device: make room there, and run the same command again to go on'
    >>> describe_disk_error(FileNotFoundError(errno.ENOENT, "No such file or directory"))
    ''
    """
    if isinstance(error, OSError):
        if error.errno in _TOO_MANY_FILES:
            return f"{error.strerror}: raise the limit (ulimit -n), {_AGAIN}"
        full, broken, what = error.errno in _FULL, error.errno == errno.EIO, error.strerror
    else:
        code = get_sqlite_code(error)
        full, broken = code == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_IOERR
        what = str(error)
    if full:
        return f"{what}: make room there, {_AGAIN}"
    return f"{what}: see whether the disk is full or fails, {_AGAIN}" if broken else ""


def get_sqlite_code(error: BaseException) -> int:
    """Return the primary result code of SQLite of an error; 0 if there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
