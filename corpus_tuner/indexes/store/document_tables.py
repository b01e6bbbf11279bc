"""Table of documents with their views in SQLite: the same in a segment and while it is staged."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.store.packed_document import PackedDocument, pack_contents

SCHEMA = """
CREATE TABLE documents (
    ordinal  INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    metadata TEXT NOT NULL,
    digest   TEXT NOT NULL,
    counts   TEXT NOT NULL,
    contents BLOB NOT NULL
);
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


def insert_document(
    database: sqlite3.Connection, ordinal: int | None, own: StoredDocument, dictionary: bytes = b""
) -> int:
    """Insert a document and its views, and return its ordinal; by default the next one."""
    document, views, digest, counts = own
    metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True, default=str)
    ordinal = database.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)",
        (
            ordinal,
            document.id,
            metadata,
            digest,
            json.dumps(counts, sort_keys=True, separators=(",", ":")),
            pack_contents(document, views, dictionary),
        ),
    ).lastrowid
    assert ordinal is not None
    return ordinal


def select_packed(
    select: Select, ordinals: Iterable[int], dictionary: bytes, file: Path
) -> dict[int, PackedDocument]:
    """Return packed documents, by ordinal, in ascending order."""
    rows = select(
        f"SELECT ordinal, id, metadata, contents FROM documents WHERE ordinal {AMONG} "
        "ORDER BY ordinal",
        json.dumps([*ordinals]),
    )
    return {
        ordinal: PackedDocument(id_, metadata, contents, dictionary, file)
        for ordinal, id_, metadata, contents in rows
    }


def select_documents(
    select: Select, ordinals: Iterable[int], dictionary: bytes, file: Path
) -> dict[int, StoredDocument]:
    """Return documents with their views, by ordinal, in ascending order.

    Raises
    ------
    ValueError, DamagedError
        If the table is damaged.
    """
    wanted = [*ordinals]
    packed = select_packed(select, wanted, dictionary, file)
    rows = select(
        f"SELECT ordinal, digest, counts FROM documents WHERE ordinal {AMONG} ORDER BY ordinal",
        json.dumps(wanted),
    )
    return {
        ordinal: StoredDocument(
            packed[ordinal].document, packed[ordinal].views, digest, json.loads(counts)
        )
        for ordinal, digest, counts in rows
    }
