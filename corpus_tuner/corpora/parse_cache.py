"""What was found in files, kept by the files' contents: to read a PDF takes far longer.

A build goes through its corpus more than once, and the next one through the same files again. What
is kept is worth time alone: where it cannot be written or is damaged, files are read anew.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpus_tuner.corpora.formats import FileReader, Parsed

_SCHEMA = """
CREATE TABLE IF NOT EXISTS parsed (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    key      TEXT PRIMARY KEY,
    digest   TEXT NOT NULL,
    modified TEXT NOT NULL
) WITHOUT ROWID;
CREATE TEMP TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_TABLES = ("parsed", "files")


class ParseCache:
    """A file of what was found; a context manager.

    What was not asked for while it was open is forgotten when it is left in good order.

    Parameters
    ----------
    file
        Where; made when there is something to keep.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._unfit = False

    def __enter__(self) -> "ParseCache":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._database is None:
            return
        with suppress(sqlite3.Error):
            for table in _TABLES if kind is None else ():
                self._database.execute(
                    f"DELETE FROM {table} WHERE key NOT IN (SELECT key FROM seen)"
                )
            self._database.commit()
        self._database.close()
        self._database = None

    def read(
        self, path: Path, name: str, how: str, reader: FileReader, modified: str
    ) -> tuple[Parsed, str]:
        """Return what a file says, and since when it says so.

        Parameters
        ----------
        path, name
            Where it is, and what it is called in its folder.
        how
            What decides how it is read (`corpus_tuner.corpora.formats.identity`).
        reader
            Reads it, if none with such contents was read before.
        modified
            Its date: that of a copy or a checkout is later than the one that is returned.
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return self._parsed(path, digest, how, reader), self._since(name, digest, modified)

    def _parsed(self, path: Path, digest: str, how: str, reader: FileReader) -> Parsed:
        if not how:
            return reader(path)
        key = f"{digest} {path.suffix.lower()} {how}"
        with suppress(ValueError, TypeError):  # of a row that something else has written
            for (value,) in self._ask("SELECT value FROM parsed WHERE key = ?", key):
                return _parse_json(value)
        parsed = reader(path)
        with suppress(ValueError, TypeError):  # metadata of a kind that JSON has not
            value = json.dumps(parsed)
            if _parse_json(value) == parsed:
                self._ask("REPLACE INTO parsed VALUES (?, ?)", key, value)
        return parsed

    def _since(self, name: str, digest: str, modified: str) -> str:
        for known, since in self._ask("SELECT digest, modified FROM files WHERE key = ?", name):
            if known == digest:
                return str(since)
        self._ask("REPLACE INTO files VALUES (?, ?, ?)", name, digest, modified)
        return modified

    def _ask(self, statement: str, key: str, *values: str) -> Sequence[Any]:
        """Execute a statement of what is kept under a key; nothing comes of it where it fails."""
        if self._unfit:
            return ()
        try:
            if self._database is None:
                self._database = sqlite3.connect(self._file)
                self._database.executescript(f"PRAGMA synchronous = OFF; {_SCHEMA}")
            self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,))
            found = self._database.execute(statement, (key, *values)).fetchall()
            if values:
                self._database.commit()
        except sqlite3.Error:
            self._unfit = True
            if self._database is not None:
                self._database.close()
                self._database = None
            with suppress(OSError):
                self._file.unlink()
            return ()
        return found


def _parse_json(value: str) -> Parsed:
    text, title, metadata, notes = json.loads(value)
    return Parsed(text, title, metadata, tuple((reason, detail) for reason, detail in notes))
