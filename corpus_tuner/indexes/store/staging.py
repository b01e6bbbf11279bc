"""Staging: documents with their views and vectors, kept durably while an index is built.

What is staged is found by the document's own digest, so a build that was killed, or a corpus that
was put in another order meanwhile, loses nothing of what it has. Every chunk of documents is one
transaction: its vectors are appended to plain files and synced, then SQLite commits the documents,
their views, and where their vectors are. After a kill, whatever lies behind the last commit is cut
off.

A build says of every document of the corpus, in order, that it is in the index: it stages it or, if
it is staged, keeps it. What is staged and in no corpus any more is left out.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.disk_errors import describe_disk_error
from corpus_tuner.core.documents import Document, View, compute_digest
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.store.segment_reader import StoredDocument

_SCHEMA = """
CREATE TABLE staged (
    number   INTEGER PRIMARY KEY,
    digest   TEXT NOT NULL UNIQUE,
    id       TEXT NOT NULL,
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    metadata TEXT NOT NULL,
    rows     TEXT NOT NULL,
    counts   TEXT NOT NULL
);
CREATE TABLE views (
    staged   INTEGER NOT NULL REFERENCES staged (number),
    position INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    maker    TEXT NOT NULL,
    support  TEXT NOT NULL,
    invented INTEGER NOT NULL,
    PRIMARY KEY (staged, position)
) WITHOUT ROWID;
CREATE TABLE ends (name TEXT PRIMARY KEY, rows INTEGER NOT NULL);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ARRANGED = """
CREATE TEMP TABLE arranged (
    ordinal INTEGER PRIMARY KEY,
    staged  INTEGER NOT NULL,
    id      TEXT NOT NULL UNIQUE
);
"""
_AMONG = "IN (SELECT value FROM json_each(?))"


class EncodedDocument(NamedTuple):
    """A document with its views and their vectors.

    Attributes
    ----------
    document
        It.
    views
        The first is a passage.
    vectors
        float32, shape (views, dimension).
    counts
        Whatever is to be counted over all documents.
    """

    document: Document
    views: Sequence[View]
    vectors: Vectors
    counts: Mapping[str, int] = {}


class Staging:
    """Documents on their way into an index.

    Parameters
    ----------
    folder
        Where they are kept; made if it is not there. What another build left there is gone on from.
    representations
        What to index.
    dimension
        Of the vectors.

    Raises
    ------
    SearchIndexError
        If what is in the folder is damaged.
    """

    def __init__(
        self, folder: Path, representations: Sequence[Representation], dimension: int
    ) -> None:
        self.folder = folder
        self.representations = representations
        self._dimension = dimension
        folder.mkdir(exist_ok=True)
        self._database = sqlite3.connect(folder / "staging.sqlite", isolation_level=None)
        try:
            self._database.execute("PRAGMA synchronous = FULL")
            if not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._database.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            self._database.executescript(_ARRANGED)
            self._ends = {stored.name: 0 for stored in representations}
            self._ends |= dict(self._database.execute("SELECT name, rows FROM ends"))
            self._cut()
        except (sqlite3.DatabaseError, SearchIndexError) as error:
            self.close()
            if describe_disk_error(error):
                raise
            raise SearchIndexError(
                f"the unfinished build in {folder} is damaged ({error}): "
                "delete that folder and build again"
            ) from error

    def missing(self, documents: Sequence[Document]) -> list[Document]:
        """Return those of some documents that are not staged."""
        digests = [compute_digest(document) for document in documents]
        known = {
            digest
            for (digest,) in self._database.execute(
                f"SELECT digest FROM staged WHERE digest {_AMONG}", (json.dumps(digests),)
            )
        }
        return [
            document
            for document, digest in zip(documents, digests, strict=True)
            if digest not in known
        ]

    def add(self, encoded: Iterable[EncodedDocument]) -> None:
        """Stage some documents durably, all of them or none."""
        ends = dict(self._ends)
        vectors: dict[str, list[Vectors]] = {name: [] for name in ends}
        row_views: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in ends}
        self._database.execute("BEGIN")
        try:
            for document in encoded:
                rows = {}
                for representation in self.representations:
                    name = representation.name
                    made = representation.rows(document.views, document.vectors)
                    vectors[name].append(made.vectors)
                    row_views[name].append(made.views)
                    rows[name] = (ends[name], len(made.views))
                    ends[name] += len(made.views)
                self._insert(document, rows)
            for name in ends:
                if vectors[name]:
                    _append(self._vectors(name), np.concatenate(vectors[name]).astype("<f4"))
                    _append(self._row_views(name), np.concatenate(row_views[name]).astype("<i4"))
            self._database.executemany("INSERT OR REPLACE INTO ends VALUES (?, ?)", ends.items())
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite ends it by itself where the disk fails
                self._database.execute("ROLLBACK")
            self._cut()
            raise
        self._ends = ends

    def arrange(self, documents: Sequence[Document]) -> None:
        """Put documents, all of them staged, into the index behind those arranged before.

        Raises
        ------
        SearchIndexError
            If two documents have the same id.
        """
        for document in documents:
            try:
                self._database.execute(
                    "INSERT INTO arranged (ordinal, staged, id) "
                    "SELECT (SELECT count(*) FROM arranged), number, id FROM staged "
                    "WHERE digest = ?",
                    (compute_digest(document),),
                )
            except sqlite3.IntegrityError as error:
                raise SearchIndexError(f"two documents have the id {document.id!r}") from error

    def arranged(self) -> Iterator[StoredDocument]:
        """Yield the documents that are in the index, in its order."""
        for number, digest, id_, title, text, metadata, counts in self._database.execute(
            "SELECT number, digest, staged.id, title, text, metadata, counts "
            "FROM arranged JOIN staged ON number = staged ORDER BY ordinal"
        ):
            views = [
                View(id_, kind, view_text, maker, support, bool(invented))
                for kind, view_text, maker, support, invented in self._database.execute(
                    "SELECT kind, text, maker, support, invented FROM views "
                    "WHERE staged = ? ORDER BY position",
                    (number,),
                )
            ]
            document = Document(id_, title, text, json.loads(metadata))
            yield StoredDocument(document, views, digest, json.loads(counts))

    def spans(self, representation: str) -> npt.NDArray[np.int64]:
        """Return the rows of the documents in the index, in its order: first and count, (n, 2)."""
        found = self._database.execute(
            "SELECT rows FROM arranged JOIN staged ON number = staged ORDER BY ordinal"
        )
        spans = (json.loads(rows)[representation] for (rows,) in found)
        pair = np.dtype((np.int64, 2))
        return np.fromiter((tuple(span) for span in spans), pair, count=self.documents)

    @property
    def documents(self) -> int:
        """How many documents are in the index."""
        (count,) = self._database.execute("SELECT count(*) FROM arranged").fetchone()
        return int(count)

    def vectors(self, representation: str) -> Vectors:
        """Return all staged vectors of a representation, memory-mapped, (rows, dimension)."""
        rows = self._ends[representation]
        if not rows:
            return np.zeros((0, self._dimension), np.float32)
        return np.memmap(self._vectors(representation), "<f4", "r", shape=(rows, self._dimension))

    def row_views(self, representation: str) -> npt.NDArray[np.int32]:
        """Return which of its document's views every vector shows, shape (rows,)."""
        rows = self._ends[representation]
        if not rows:
            return np.zeros(0, np.int32)
        return np.memmap(self._row_views(representation), "<i4", "r", shape=(rows,))

    def note(self, name: str, value: Any) -> None:
        """Keep something, as JSON can hold it, from one build to the one that goes on with it."""
        self._database.execute(
            "INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value))
        )

    def noted(self, name: str) -> Any:
        """Return what was kept by `note`; ``None`` if nothing was."""
        found = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def close(self) -> None:
        """Close the files; what is staged stays."""
        self._database.close()

    def _insert(self, encoded: EncodedDocument, rows: Mapping[str, tuple[int, int]]) -> None:
        document = encoded.document
        metadata = json.dumps(
            dict(document.metadata), ensure_ascii=False, sort_keys=True, default=str
        )
        cursor = self._database.execute(
            "INSERT INTO staged (digest, id, title, text, metadata, rows, counts) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(compute_digest(document), document.id, document.title, document.text, metadata),
                *(json.dumps(rows), json.dumps(dict(encoded.counts))),
            ),
        )
        self._database.executemany(
            "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (cursor.lastrowid, position, *_columns(view))
                for position, view in enumerate(encoded.views)
            ),
        )

    def _cut(self) -> None:
        """Cut the files to what was committed."""
        for name, rows in self._ends.items():
            for path, size in (
                (self._vectors(name), rows * self._dimension * 4),
                (self._row_views(name), rows * 4),
            ):
                path.touch()
                if path.stat().st_size < size:
                    raise SearchIndexError(f"{path.name} is shorter than it was")
                os.truncate(path, size)

    def _vectors(self, name: str) -> Path:
        return self.folder / f"{name}.f32"

    def _row_views(self, name: str) -> Path:
        return self.folder / f"{name}.i32"


def _columns(view: View) -> tuple[str, str, str, str, bool]:
    return view.kind, view.text, view.maker, view.support, view.invented


def _append(path: Path, values: npt.NDArray[Any]) -> None:
    with path.open("ab") as file:
        file.write(values.tobytes())
        file.flush()
        os.fsync(file.fileno())
