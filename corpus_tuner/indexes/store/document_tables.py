"""Tables of documents and their views in SQLite: the same in a segment and while it is staged."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from corpus_tuner.core.documents import Document, View

SCHEMA = """
CREATE TABLE documents (
    ordinal  INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    metadata TEXT NOT NULL,
    digest   TEXT NOT NULL,
    counts   TEXT NOT NULL
);
CREATE TABLE views (
    document INTEGER NOT NULL REFERENCES documents (ordinal),
    position INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    maker    TEXT NOT NULL,
    support  TEXT NOT NULL,
    invented INTEGER NOT NULL,
    PRIMARY KEY (document, position)
) WITHOUT ROWID;
"""
AMONG = "IN (SELECT value FROM json_each(?))"

Select = Callable[..., Iterable[Any]]
"""Runs a query with values, and returns its rows."""


class StoredDocument(NamedTuple):
    """A document of a segment.

    Attributes
    ----------
    document, views
        The document and its views, a passage first.
    digest
        Digest of the document (`corpus_tuner.core.documents`).
    counts
        Numbers that are summed over all documents, by name.
    """

    document: Document
    views: list[View]
    digest: str
    counts: dict[str, int]

    @property
    def passages(self) -> dict[int, str]:
        """Texts of the passages, by position among the views."""
        return {
            position: view.text
            for position, view in enumerate(self.views)
            if view.kind == "passage"
        }


def insert_document(database: sqlite3.Connection, ordinal: int | None, own: StoredDocument) -> int:
    """Insert a document and its views, and return its ordinal; by default the next one."""
    document, views, digest, counts = own
    metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True, default=str)
    columns = (document.id, document.title, document.text, metadata, digest)
    ordinal = database.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
        (ordinal, *columns, json.dumps(counts, sort_keys=True)),
    ).lastrowid
    assert ordinal is not None
    database.executemany(
        "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (ordinal, position, view.kind, view.text, view.maker, view.support, view.invented)
            for position, view in enumerate(views)
        ),
    )
    return ordinal


def select_documents(select: Select, ordinals: Iterable[int]) -> dict[int, StoredDocument]:
    """Return documents with their views, by ordinal, in ascending order.

    Raises
    ------
    KeyError, ValueError
        If the tables are damaged.
    """
    wanted = json.dumps([*ordinals])
    views: dict[int, list[View]] = {}
    for ordinal, id_, kind, text, maker, support, invented in select(
        "SELECT document, id, kind, views.text, maker, support, invented FROM documents JOIN views "
        f"ON document = ordinal WHERE ordinal {AMONG} ORDER BY document, position",
        wanted,
    ):
        views.setdefault(ordinal, []).append(View(id_, kind, text, maker, support, bool(invented)))
    rows = select(
        "SELECT ordinal, id, title, text, metadata, digest, counts FROM documents "
        f"WHERE ordinal {AMONG} ORDER BY ordinal",
        wanted,
    )
    return {
        ordinal: StoredDocument(
            Document(id_, title, text, json.loads(metadata)),
            views[ordinal],
            digest,
            json.loads(counts),
        )
        for ordinal, id_, title, text, metadata, digest, counts in rows
    }
