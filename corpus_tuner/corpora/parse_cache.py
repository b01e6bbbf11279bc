"""Cache of parsed files by their contents, since parsing a PDF takes long.

A build reads its corpus more than once, and the next build reads the same files again. If the cache
is damaged or cannot be written, files are parsed again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpus_tuner.corpora.formats import FileReader, ParsedFile

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
    """SQLite database of parsed files; a context manager.

    Entries that were not read while it was open are deleted when it is closed without an error.
    The file is created when the first entry is stored.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._is_unusable = False

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
        self, path: Path, name: str, identity: str, reader: FileReader, modified: str
    ) -> tuple[ParsedFile, str]:
        """Return the parsed file, and the date since which it has these contents.

        `name` is the id of the file in its folder, `identity` the version of its reader, and
        `modified` its date, which is later than the one returned for a copy or a checkout.
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return self._parse(path, digest, identity, reader), self._find_date(name, digest, modified)

    def _parse(self, path: Path, digest: str, identity: str, reader: FileReader) -> ParsedFile:
        if not identity:
            return reader(path)
        key = f"{digest} {path.suffix.lower()} {identity}"
        with suppress(ValueError, TypeError):  # of a row that something else has written
            for (value,) in self._execute("SELECT value FROM parsed WHERE key = ?", key):
                return _parse_json(value)
        parsed = reader(path)
        with suppress(ValueError, TypeError):  # metadata of a kind that JSON has not
            value = json.dumps(parsed)
            if _parse_json(value) == parsed:
                self._execute("REPLACE INTO parsed VALUES (?, ?)", key, value)
        return parsed

    def _find_date(self, name: str, digest: str, modified: str) -> str:
        for known, since in self._execute("SELECT digest, modified FROM files WHERE key = ?", name):
            if known == digest:
                return str(since)
        self._execute("REPLACE INTO files VALUES (?, ?, ?)", name, digest, modified)
        return modified

    def _execute(self, statement: str, key: str, *values: str) -> Sequence[Any]:
        """Execute a statement on the entry of a key; return no rows if it fails."""
        if self._is_unusable:
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
            self._is_unusable = True
            if self._database is not None:
                self._database.close()
                self._database = None
            with suppress(OSError):
                self._file.unlink()
            return ()
        return found


def _parse_json(value: str) -> ParsedFile:
    text, title, metadata, notes = json.loads(value)
    return ParsedFile(text, title, metadata, tuple((reason, detail) for reason, detail in notes))
