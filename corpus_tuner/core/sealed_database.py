"""SQLite databases with their SHA-256 in a file beside them, the seal, while nobody writes.

A writer removes the seal when it opens the database, which is in WAL mode, and seals it when it
closes it. Readers open a sealed database immutable: SQLite then writes nothing beside it, which a
connection that only reads would leave there, and needs no right to.
"""

import os
import sqlite3
from pathlib import Path

from corpus_tuner.core.files import hash_file, write_text


def get_seal(database: Path) -> Path:
    """Return the file that has the SHA-256 of a database.

    Examples
    --------
    >>> get_seal(Path("ledger.sqlite")).name
    'ledger.sqlite.sha256'
    """
    return database.with_name(f"{database.name}.sha256")


def seal(database: Path) -> None:
    """Write the SHA-256 of a database that nobody writes to."""
    write_text(get_seal(database), hash_file(database))


def is_sealed(database: Path) -> bool:
    """Tell whether a database has a seal, and nobody has begun to write since."""
    return get_seal(database).is_file() and not is_open(database)


def fits_seal(database: Path) -> bool:
    """Tell whether a database is as it was when it was sealed."""
    return get_seal(database).read_text(encoding="utf-8") == hash_file(database)


def is_open(database: Path) -> bool:
    """Tell whether somebody writes to a database, or did when the process was killed."""
    log = _get_log(database)
    return log.exists() and log.stat().st_size > 0


def open_read_only(database: Path) -> sqlite3.Connection:
    """Open a database for reading.

    Raises
    ------
    sqlite3.DatabaseError
        If it cannot be opened.
    """
    immutable = not _get_log(database).exists() and (
        get_seal(database).is_file() or not os.access(database.parent, os.W_OK)
    )
    uri = f"{database.absolute().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _get_log(database: Path) -> Path:
    """Return the write-ahead log of a database."""
    return database.with_name(f"{database.name}-wal")
