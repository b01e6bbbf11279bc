"""The ledger: what models wrote and what was thought of it, durably.

Nothing that a model wrote is ever written twice. An entry is found by its content only: a hash of
the document's text, the instruction and the generator with its settings. A document that changed is
therefore written for anew, one that did not is not, whatever corpus or build it comes from. With
every text stands what checks said of it, by all that decides what they say: indexes with other
checks may share a ledger.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_tuner.core.disk_errors import (
    SQLITE_FORBIDDEN,
    SQLITE_LOCKED,
    describe_disk_error,
    get_sqlite_code,
)
from corpus_tuner.core.documents import Document
from corpus_tuner.core.files import concerns_file
from corpus_tuner.core.sealed_database import (
    fits_seal,
    get_seal,
    is_open,
    is_sealed,
    open_read_only,
    seal,
)
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.checks import Verdict
from corpus_tuner.generation.generators import Written
from corpus_tuner.generation.prompts import DocumentPassage, Instruction

_VERSION = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS written (
    key       TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    generator TEXT NOT NULL,
    texts     TEXT NOT NULL,
    cut       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    key       TEXT NOT NULL REFERENCES written (key),
    text      TEXT NOT NULL,
    checks    TEXT NOT NULL,
    judge     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    support   TEXT NOT NULL,
    PRIMARY KEY (key, text, checks)
) WITHOUT ROWID;
"""


def make_ledger_key(document: Document, instruction: Instruction, generator: str) -> str:
    """Return the key of what `generator` writes for a document when given an instruction."""
    parts = (
        document.title,
        document.text,
        instruction.kind,
        instruction.language,
        instruction.system,
        instruction.template,
        generator,
        *((document.passage,) if isinstance(document, DocumentPassage) else ()),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A text that a check rejected, and why."""

    kind: str
    text: str
    check: str
    reason: str


class Ledger:
    """A ledger file, open until it is closed.

    Parameters
    ----------
    path
        File of the ledger.
    read_only
        Only look; the file must be there.
    earlier
        Another ledger, whose entries are found as well, and which is not written to.

    Raises
    ------
    CorpusTunerError
        If the file is no ledger or of another version, another process keeps it locked, or it
        cannot be read or written.
    """

    def __init__(self, path: Path, *, read_only: bool = False, earlier: Path | None = None) -> None:
        self._path = path
        self._read_only = read_only
        self._earlier = Ledger(earlier, read_only=True) if earlier else None
        with _clearly(path):
            if read_only:
                self._database = open_read_only(path)
            else:  # by its URI, so that others can be attached by theirs
                uri = path.absolute().as_uri()
                self._database = sqlite3.connect(uri, uri=True, isolation_level=None)
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise CorpusTunerError(
                    f"the ledger {path} has version {version}, this release reads {_VERSION}: "
                    "move it away to generate everything anew"
                )
            if read_only:
                return
            get_seal(path).unlink(missing_ok=True)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(f"{_SCHEMA} PRAGMA user_version = {_VERSION};")

    def get(self, keys: Collection[str]) -> dict[str, Written]:
        """Return the entries there are for some keys."""
        rows = self._select(
            "SELECT key, texts, cut FROM written WHERE key IN (SELECT value FROM json_each(?))",
            json.dumps(list(keys)),
        )
        found = {key: Written(tuple(json.loads(texts)), bool(cut)) for key, texts, cut in rows}
        return self._earlier.get(keys) | found if self._earlier else found

    def sample(self, generator: str, most: int) -> list[str]:
        """Return what a generator answered to some requests; of several texts one after another."""
        rows = self._select(
            "SELECT texts FROM written WHERE generator = ? LIMIT ?", generator, str(most)
        )
        return ["\n".join(json.loads(texts)) for (texts,) in rows]

    def put(self, entries: Mapping[str, Written], kind: str, generator: str) -> None:
        """Add entries, all of them or none, and make sure that they stay."""
        self._add(
            "INSERT OR IGNORE INTO written VALUES (?, ?, ?, ?, ?)",
            (
                (key, kind, generator, json.dumps(written.texts, ensure_ascii=False), written.cut)
                for key, written in entries.items()
            ),
        )

    def note(self, checks: str, verdicts: Iterable[tuple[str, str, Verdict]]) -> None:
        """Note what checks said, instead of what the same ones said before.

        Parameters
        ----------
        checks
            Names all that decides what they say (`corpus_tuner.generation.checks.hash_checks`).
        verdicts
            Keys of entries, texts of theirs, and the verdicts.
        """
        self._add(
            "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
            (
                (key, text, checks, verdict.check, verdict.reason, verdict.support)
                for key, text, verdict in verdicts
            ),
        )

    def absorb(self, other: Path) -> None:
        """Add all that another ledger has, and remove its files."""
        Ledger(other).close()  # sees to what was being written when its process was killed
        with _clearly(other):
            self._database.execute("ATTACH ? AS other", (other.absolute().as_uri(),))
            try:
                self._add("INSERT OR IGNORE INTO main.written SELECT * FROM other.written", [()])
                self._add("INSERT OR REPLACE INTO main.verdicts SELECT * FROM other.verdicts", [()])
            finally:
                self._database.execute("DETACH other")
        for file in other.parent.glob(f"{other.name}*"):
            file.unlink()

    def rejections(self, keys: Iterable[str], checks: str) -> list[Rejection]:
        """Return the texts of some entries that a check rejected."""
        rows = self._select(
            "SELECT kind, text, judge, reason FROM verdicts JOIN written USING (key) "
            "WHERE judge != '' AND checks = ? AND key IN (SELECT value FROM json_each(?)) "
            "ORDER BY key, text",
            checks,
            json.dumps(list(keys)),
        )
        return [Rejection(*row) for row in rows]

    def _select(self, query: str, *values: str) -> list[Any]:
        with _clearly(self._path):
            return self._database.execute(query, values).fetchall()

    def _add(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with _clearly(self._path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(statement, rows)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite ends it itself where the disk fails
                    self._database.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file, and seal it where it may have been written to and nobody else has it."""
        if self._earlier:
            self._earlier.close()
        self._database.close()
        if not self._read_only and not is_open(self._path):
            seal(self._path)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_ledger_problem(path: Path) -> str:
    """Say what is wrong with the file of a ledger; nothing if it is valid, or there is none.

    A ledger that was closed is sealed by its SHA-256; while one is open, or after a kill, SQLite's
    own check must do.

    Raises
    ------
    CorpusTunerError
        If another process keeps it locked, or it may not be read.
    """
    if not path.is_file():
        return ""
    try:
        if is_sealed(path):
            return "" if fits_seal(path) else "is damaged (wrong SHA-256)"
        with closing(open_read_only(path)) as database:
            (found,) = database.execute("PRAGMA quick_check").fetchone()
        return "" if found == "ok" else f"is damaged ({found})"
    except (OSError, ValueError, sqlite3.DatabaseError) as error:
        if get_sqlite_code(error) in (*SQLITE_LOCKED, *SQLITE_FORBIDDEN):
            raise _described(path, error) from error
        if not concerns_file(error):
            raise CorpusTunerError(f"cannot read the ledger {path}: {error}") from error
        return f"is damaged ({error})"


@contextmanager
def _clearly(path: Path) -> Iterator[None]:
    """Say of SQLite's errors which ledger they are of, and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _described(path, error) from error


def _described(path: Path, error: BaseException) -> CorpusTunerError:
    """Return an error of SQLite as one that says what to do."""
    if get_sqlite_code(error) in SQLITE_LOCKED:
        what = f"another process uses the ledger {path} ({error}): try again when it is done"
    elif get_sqlite_code(error) in SQLITE_FORBIDDEN:
        what = f"cannot use the ledger {path} ({error}): see who may read and write it"
    elif describe_disk_error(error):
        what = f"cannot write to the ledger {path}: {describe_disk_error(error)}"
    else:
        what = f"{path} is not a ledger, or damaged ({error}): move it away to go on"
    return CorpusTunerError(what)
