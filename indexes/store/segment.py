"""One segment, open for reading: documents, views and vectors."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.search.filters import Condition
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.store.layout import DOCUMENTS
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.scoring import DenseSegment

SCHEMA = """
CREATE TABLE documents (
    ordinal  INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    metadata TEXT NOT NULL,
    digest   TEXT NOT NULL
);
CREATE TABLE views (
    ordinal  INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (ordinal),
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    maker    TEXT NOT NULL,
    support  TEXT NOT NULL,
    invented INTEGER NOT NULL
);
CREATE INDEX views_of_document ON views (document);
"""
"""Of the documents and views of a segment; `digest` is `documents.digest_of`."""

_VIEWS = """
SELECT
    views.ordinal, documents.id, views.kind, views.text, views.maker, views.support, views.invented
FROM views JOIN documents ON documents.ordinal = views.document
"""
_AMONG = "ordinal IN (SELECT value FROM json_each(?))"


class Segment:
    """A segment's files; safe to use from several threads.

    Documents and views are named by ordinals: their positions in the order of the corpus.

    Parameters
    ----------
    folder
        Its files.
    representation
        The one whose vectors are searched.
    dimension
        Of the vectors.

    Raises
    ------
    SearchIndexError
        If a file cannot be read or is not what it must be.
    """

    def __init__(self, folder: Path, representation: Representation, dimension: int) -> None:
        self._path = folder / DOCUMENTS
        uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            raise SearchIndexError(f"cannot read {self._path}: {error}") from error
        self._lock = threading.Lock()
        self._closed = False
        self.dense = DenseSegment(folder, representation, dimension)

    def close(self) -> None:
        """Close the files."""
        self._closed = True
        self._database.close()

    def __del__(self) -> None:
        # A searcher that was refreshed lets go of its old segments when the last search ends.
        if hasattr(self, "_database"):
            self._database.close()

    def ids(self, ordinals: Iterable[int]) -> dict[int, str]:
        """Return the ids of documents, by ordinal."""
        wanted = json.dumps([*ordinals])
        return dict(self._select(f"SELECT ordinal, id FROM documents WHERE {_AMONG}", wanted))

    def matching(self, condition: Condition) -> Ordinals:
        """Return the documents that a filter lets through, by ordinal, in ascending order."""
        found = self._select(
            f"SELECT ordinal FROM documents WHERE {condition.where} ORDER BY ordinal",
            *condition.bound,
        )
        return np.array([ordinal for (ordinal,) in found], np.int64)

    def digests(self) -> Iterator[tuple[int, str]]:
        """Yield the ordinal and the digest of every document."""
        with self._lock:
            yield from self._database.execute("SELECT ordinal, digest FROM documents")

    def find(self, id_: str) -> int | None:
        """Return the ordinal of the document of an id; ``None`` if there is none."""
        found = self._select("SELECT ordinal FROM documents WHERE id = ?", id_)
        return int(found[0][0]) if found else None

    def document(self, ordinal: int) -> Document:
        """Return one document."""
        return self.documents([ordinal])[ordinal]

    def documents(self, ordinals: Iterable[int]) -> dict[int, Document]:
        """Return documents, by ordinal."""
        rows = self._select(
            f"SELECT ordinal, id, title, text, metadata FROM documents WHERE {_AMONG}",
            json.dumps([*ordinals]),
        )
        return {
            ordinal: Document(id_, title, text, json.loads(metadata))
            for ordinal, id_, title, text, metadata in rows
        }

    def views_at(self, ordinals: Iterable[int]) -> dict[int, View]:
        """Return views, by their own ordinals."""
        rows = self._select(f"{_VIEWS} WHERE views.{_AMONG}", json.dumps([*ordinals]))
        return {ordinal: _view(*row) for ordinal, *row in rows}

    def views(self, document: int) -> dict[int, View]:
        """Return all views of a document, by ordinal, in order."""
        rows = self._select(f"{_VIEWS} WHERE views.document = ? ORDER BY views.ordinal", document)
        return {ordinal: _view(*row) for ordinal, *row in rows}

    def _select(self, query: str, *values: str | float) -> list[Any]:
        try:
            with self._lock:
                return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            if self._closed:
                raise SearchIndexError("the searcher is closed: open the index again") from error
            raise SearchIndexError(
                f"{self._path} is damaged ({error}): build the index again"
            ) from error


def _view(
    document: str,
    kind: str,
    text: str,
    maker: str,
    support: str,
    invented: int,
) -> View:
    return View(document, kind, text, maker, support, bool(invented))
