"""The ledger: what was generated and what was thought of it, durably.

Nothing is ever generated twice. An entry is found by its content alone: a hash of the document's
text, the instruction and the generator with its settings. A document that changed is therefore
written for anew, one that did not is not, whatever corpus or build it comes from. With each text
stands what the checks of the last build said of it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generators import Written
from corpus_tuner.instructions import Instruction
from indexes.documents import Document

_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS written (
    key       TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    generator TEXT NOT NULL,
    texts     TEXT NOT NULL,
    scores    TEXT NOT NULL,
    cut       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    key       TEXT NOT NULL REFERENCES written (key),
    text      TEXT NOT NULL,
    judge     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    support   TEXT NOT NULL,
    PRIMARY KEY (key, text)
) WITHOUT ROWID;
"""


def ledger_key(document: Document, instruction: Instruction, generator: str) -> str:
    """Return the key of what `generator` writes for a document when given an instruction."""
    parts = (
        document.title,
        document.text,
        instruction.kind,
        instruction.language,
        instruction.template,
        generator,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Rejection(NamedTuple):
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
        Of the file.
    read_only
        Only look; the file must be there.

    Raises
    ------
    CorpusTunerError
        If the file is no ledger or of another version.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
        try:
            self._database = sqlite3.connect(uri, uri=True, isolation_level=None)
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise CorpusTunerError(
                    f"the ledger {path} has version {version}, this release reads {_VERSION}: "
                    "move it away to generate everything anew"
                )
            if read_only:
                return
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(f"{_SCHEMA} PRAGMA user_version = {_VERSION};")
        except sqlite3.DatabaseError as error:
            raise CorpusTunerError(
                f"{path} is not a ledger, or damaged ({error}): move it away to go on"
            ) from error

    def get(self, keys: Iterable[str]) -> dict[str, Written]:
        """Return the entries there are for some keys."""
        rows = self._database.execute(
            "SELECT key, texts, scores, cut FROM written "
            "WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        )
        return {
            key: Written(tuple(json.loads(texts)), tuple(json.loads(scores)), bool(cut))
            for key, texts, scores, cut in rows
        }

    def put(self, entries: Mapping[str, Written], kind: str, generator: str) -> None:
        """Add entries, all of them or none, and make sure that they stay."""
        self._add(
            "INSERT OR IGNORE INTO written VALUES (?, ?, ?, ?, ?, ?)",
            (
                (key, kind, generator, _json(each.texts), _json(each.scores), each.cut)
                for key, each in entries.items()
            ),
        )

    def note(self, verdicts: Iterable[tuple[str, str, str, str, str]]) -> None:
        """Note what checks said, in place of what they said before.

        Parameters
        ----------
        verdicts
            Key of the entry, text, and, of a rejected text, the check and its reason (else
            nothing); last the sentence in support of the text, or nothing.
        """
        self._add("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)", verdicts)

    def verdicts(self) -> Iterator[tuple[str, str, str, str, str, str]]:
        """Yield all verdicts, by document and kind: the kind, then as `note` takes them."""
        yield from self._database.execute(
            "SELECT kind, key, text, judge, reason, support FROM verdicts JOIN written USING (key)"
            " ORDER BY key, text"
        )

    def rejections(self, keys: Iterable[str]) -> list[Rejection]:
        """Return the texts of some entries that a check rejected."""
        rows = self._database.execute(
            "SELECT kind, text, judge, reason FROM verdicts JOIN written USING (key) "
            "WHERE judge != '' AND key IN (SELECT value FROM json_each(?)) ORDER BY key, text",
            (json.dumps(list(keys)),),
        )
        return [Rejection(*row) for row in rows]

    def _add(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(statement, rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _json(values: tuple[str | float | None, ...]) -> str:
    return json.dumps(values, ensure_ascii=False)
