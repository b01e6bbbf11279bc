"""Staging: documents with their views and vectors, stored durably while an index is built.

Staged documents are found by their own digests, so that a build that was killed, or a corpus whose
order has changed, loses nothing. Every chunk of documents is one transaction of SQLite, with their
views and vectors.

A build arranges all documents of the corpus in order. Staged documents that are no longer in the
corpus are left out.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.disk_errors import describe_disk_error
from corpus_tuner.core.documents import Document, View, compute_digest
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.postings import write_postings
from corpus_tuner.indexes.lexical.terms import extract_terms
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.store.document_tables import (
    AMONG,
    SCHEMA,
    StoredDocument,
    insert_document,
    select_documents,
)
from corpus_tuner.indexes.store.manifest import VIEW_COUNT, SegmentEntry
from corpus_tuner.indexes.store.segment_writer import SegmentRows, write_segment

_SCHEMA = f"""
{SCHEMA}
CREATE UNIQUE INDEX digests ON documents (digest);
CREATE TABLE rows (
    document       INTEGER NOT NULL,
    representation TEXT NOT NULL,
    views          BLOB NOT NULL,  -- int32: position of the view of every row
    vectors        BLOB NOT NULL,  -- float32
    PRIMARY KEY (document, representation)
);
"""
_ARRANGED = """
CREATE TEMP TABLE arranged (
    position INTEGER PRIMARY KEY,
    document INTEGER NOT NULL,
    id       TEXT NOT NULL UNIQUE
);
"""
_DOCUMENTS_AT_ONCE = 256


class EncodedDocument(NamedTuple):
    """A document with its views and their vectors.

    Attributes
    ----------
    document
        The document.
    views
        Views of the document, a passage first.
    vectors
        Vectors of the views, float32, shape (views, dimension).
    counts
        Numbers that are summed over all documents, by name.
    """

    document: Document
    views: Sequence[View]
    vectors: Vectors
    counts: Mapping[str, int] = {}


class Staging:
    """Documents on their way into a segment (a `SegmentSource`).

    A build continues what another one left in the folder, which is created if it does not exist.

    Raises
    ------
    SearchIndexError
        If the contents of the folder are damaged.
    """

    def __init__(
        self,
        folder: Path,
        representations: Sequence[Representation],
        dimension: int,
        lexical: LexicalSettings | None = None,
    ) -> None:
        self.folder = folder
        self.representations = representations
        self.dimension = dimension
        self.lexical = lexical
        folder.mkdir(exist_ok=True)
        self._file = folder / "staging.sqlite"
        self._database = sqlite3.connect(self._file, isolation_level=None)
        try:
            self._database.execute("PRAGMA synchronous = FULL")
            if not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._database.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            self._database.executescript(_ARRANGED)
            self._database.execute("SELECT contents FROM documents LIMIT 0")  # of this release
        except sqlite3.DatabaseError as error:
            self.close()
            if describe_disk_error(error):
                raise
            raise SearchIndexError(
                f"the build in progress in {folder} is damaged ({error}): "
                "delete that folder and build again"
            ) from error

    @property
    def documents(self) -> int:
        """Number of arranged documents."""
        (count,) = self._database.execute("SELECT count(*) FROM arranged").fetchone()
        return int(count)

    def find_missing(self, documents: Sequence[Document]) -> list[Document]:
        """Return those of some documents that are not staged."""
        digests = [compute_digest(document) for document in documents]
        rows = self._database.execute(
            f"SELECT digest FROM documents WHERE digest {AMONG}", (json.dumps(digests),)
        )
        staged = {digest for (digest,) in rows}
        return [
            document
            for document, digest in zip(documents, digests, strict=True)
            if digest not in staged
        ]

    def add(self, encoded: Iterable[EncodedDocument]) -> None:
        """Stage some documents durably, all of them or none."""
        self._database.execute("BEGIN")
        try:
            for one in encoded:
                self._insert(one)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite ends it by itself where the disk fails
                self._database.execute("ROLLBACK")
            raise

    def arrange(self, documents: Sequence[Document]) -> None:
        """Append documents, all of them staged, to those that the segment will have.

        Raises
        ------
        SearchIndexError
            If two documents have the same id.
        """
        for document in documents:
            try:
                self._database.execute(
                    "INSERT INTO arranged SELECT (SELECT count(*) FROM arranged), ordinal, id "
                    "FROM documents WHERE digest = ?",
                    (compute_digest(document),),
                )
            except sqlite3.IntegrityError as error:
                raise SearchIndexError(f"two documents have the id {document.id!r}") from error

    def write(self) -> SegmentEntry:
        """Write the segment of the arranged documents into the folder."""
        rankers = self.lexical.rankers if self.lexical else ()
        return write_segment(self, self.folder, self.representations, self.dimension, rankers)

    def read_stored(self) -> Iterator[StoredDocument]:
        """Yield the arranged documents in order."""

        def select(query: str, *values: str) -> sqlite3.Cursor:
            return self._database.execute(query, values)

        arranged = self._database.execute("SELECT document FROM arranged ORDER BY position")
        for chunk in split_into_chunks((one for (one,) in arranged), _DOCUMENTS_AT_ONCE):
            documents = select_documents(select, chunk, b"", self._file)
            yield from (documents[ordinal] for ordinal in chunk)

    def read_rows(self, representation: Representation) -> SegmentRows:
        """Return the rows of the arranged documents for a representation."""
        views = [np.frombuffer(own, "<i4") for own in self._read_rows("views", representation)]
        vectors = (
            np.frombuffer(b"".join(chunk), "<f4").reshape(-1, self.dimension)
            for chunk in split_into_chunks(
                self._read_rows("vectors", representation), _DOCUMENTS_AT_ONCE
            )
        )
        counts = np.array([len(own) for own in views], np.int64)
        return SegmentRows(counts, np.concatenate([np.zeros(0, np.int32), *views]), vectors)

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the postings of a lexical ranker."""
        lexical = self.lexical
        assert lexical
        texts = chain.from_iterable(
            lexical.split_text(one.document, one.views) for one in self.read_stored()
        )
        write_postings((extract_terms(ranker, text, lexical) for text in texts), folder, ranker)

    def close(self) -> None:
        """Close the files; staged documents stay."""
        self._database.close()

    def _insert(self, encoded: EncodedDocument) -> None:
        document, views, vectors, counts = encoded
        kinds = Counter(f"{VIEW_COUNT}{view.kind}" for view in views)
        stored = StoredDocument(document, [*views], compute_digest(document), {**counts, **kinds})
        ordinal = insert_document(self._database, None, stored)
        for representation in self.representations:
            rows = representation.make_rows(views, vectors)
            blobs = rows.views.astype("<i4").tobytes(), rows.vectors.astype("<f4").tobytes()
            self._database.execute(
                "INSERT INTO rows VALUES (?, ?, ?, ?)", (ordinal, representation.name, *blobs)
            )

    def _read_rows(
        self, column: Literal["views", "vectors"], representation: Representation
    ) -> Iterator[bytes]:
        """Yield the views or the vectors of the rows of every arranged document."""
        found = self._database.execute(
            f"SELECT {column} FROM arranged JOIN rows USING (document) "
            "WHERE representation = ? ORDER BY position",
            (representation.name,),
        )
        return (own for (own,) in found)
