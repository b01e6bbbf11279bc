"""Staging: documents with their views and vectors, stored durably while an index is built.

Staged documents are found by their own digests, so that a build that was killed, or a corpus whose
order has changed, loses nothing. Every chunk of documents is one transaction: its vectors are
appended to plain files and synced, then SQLite commits the documents, their views, and the
positions of their vectors. After a crash, whatever lies behind the last commit is cut off.

A build arranges all documents of the corpus in order. Staged documents that are no longer in the
corpus are left out.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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
from corpus_tuner.indexes.store.manifest import VIEW_COUNT
from corpus_tuner.indexes.store.segment_writer import SegmentRows

_SCHEMA = f"""
{SCHEMA}
CREATE UNIQUE INDEX digests ON documents (digest);
CREATE TABLE row_spans (document INTEGER PRIMARY KEY, spans TEXT NOT NULL);
CREATE TABLE ends (name TEXT PRIMARY KEY, rows INTEGER NOT NULL);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ARRANGED = """
CREATE TEMP TABLE arranged (
    position INTEGER PRIMARY KEY,
    document INTEGER NOT NULL,
    id       TEXT NOT NULL UNIQUE
);
"""
_DOCUMENTS_AT_ONCE = 256
_BLOCK = 16_384  # vectors


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

    Parameters
    ----------
    folder
        Working folder, created if it does not exist. A build continues what another one left there.
    representations
        Representations to index.
    dimension
        Dimension of the vectors.
    lexical
        Terms to index; ``None`` for none.

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
        self._database = sqlite3.connect(folder / "staging.sqlite", isolation_level=None)
        try:
            self._database.execute("PRAGMA synchronous = FULL")
            if not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._database.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            self._database.executescript(_ARRANGED)
            self._ends = {one.name: 0 for one in representations}
            self._ends |= dict(self._database.execute("SELECT name, rows FROM ends"))
            self._database.execute("SELECT spans FROM row_spans LIMIT 0")  # of this release
            self._cut_files()
        except (sqlite3.DatabaseError, SearchIndexError) as error:
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
        ends = dict(self._ends)
        vectors: dict[str, list[Vectors]] = {name: [] for name in ends}
        row_views: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in ends}
        self._database.execute("BEGIN")
        try:
            for document in encoded:
                spans = {}
                for representation in self.representations:
                    name = representation.name
                    made = representation.make_rows(document.views, document.vectors)
                    vectors[name].append(made.vectors)
                    row_views[name].append(made.views)
                    spans[name] = (ends[name], len(made.views))
                    ends[name] += len(made.views)
                self._insert(document, spans)
            for name in ends:
                if vectors[name]:
                    _append(self._vectors_file(name), np.concatenate(vectors[name]).astype("<f4"))
                    _append(self._views_file(name), np.concatenate(row_views[name]).astype("<i4"))
            self._database.executemany("INSERT OR REPLACE INTO ends VALUES (?, ?)", ends.items())
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite ends it by itself where the disk fails
                self._database.execute("ROLLBACK")
            self._cut_files()
            raise
        self._ends = ends

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

    def read_stored(self) -> Iterator[StoredDocument]:
        """Yield the arranged documents in order."""

        def select(query: str, *values: str) -> sqlite3.Cursor:
            return self._database.execute(query, values)

        arranged = self._database.execute("SELECT document FROM arranged ORDER BY position")
        for chunk in split_into_chunks((one for (one,) in arranged), _DOCUMENTS_AT_ONCE):
            documents = select_documents(select, chunk)
            yield from (documents[ordinal] for ordinal in chunk)

    def read_rows(self, representation: Representation) -> SegmentRows:
        """Return the rows of the arranged documents for a representation."""
        name = representation.name
        spans = self.read_spans(name)
        firsts, counts = spans[:, 0], spans[:, 1]
        starts = np.cumsum(counts) - counts
        order = np.repeat(firsts - starts, counts) + np.arange(counts.sum())
        vectors = self.map_vectors(name)
        blocks = (vectors[order[first : first + _BLOCK]] for first in range(0, len(order), _BLOCK))
        return SegmentRows(counts, self.map_row_views(name)[order], blocks)

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the postings of a lexical ranker."""
        lexical = self.lexical
        assert lexical
        texts = (lexical.join_text(one.document, one.views) for one in self.read_stored())
        write_postings((extract_terms(ranker, text, lexical) for text in texts), folder, ranker)

    def read_spans(self, representation: str) -> npt.NDArray[np.int64]:
        """Return the first row and the number of rows of every arranged document, shape (n, 2)."""
        found = self._database.execute(
            "SELECT spans FROM arranged JOIN row_spans USING (document) ORDER BY position"
        )
        spans = (tuple(json.loads(row)[representation]) for (row,) in found)
        return np.fromiter(spans, np.dtype((np.int64, 2)), count=self.documents)

    def map_vectors(self, representation: str) -> Vectors:
        """Return all staged vectors of a representation, memory-mapped, (rows, dimension)."""
        rows = self._ends[representation]
        if not rows:
            return np.zeros((0, self.dimension), np.float32)
        file = self._vectors_file(representation)
        return np.memmap(file, "<f4", "r", shape=(rows, self.dimension))

    def map_row_views(self, representation: str) -> npt.NDArray[np.int32]:
        """Return the position of every staged vector's view in its document, shape (rows,)."""
        rows = self._ends[representation]
        if not rows:
            return np.zeros(0, np.int32)
        return np.memmap(self._views_file(representation), "<i4", "r", shape=(rows,))

    def write_note(self, name: str, value: Any) -> None:
        """Store a JSON value for a build that continues this one."""
        self._database.execute(
            "INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value))
        )

    def read_note(self, name: str) -> Any:
        """Return a value that `write_note` stored; ``None`` if there is none."""
        found = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def close(self) -> None:
        """Close the files; staged documents stay."""
        self._database.close()

    def _insert(self, encoded: EncodedDocument, spans: Mapping[str, tuple[int, int]]) -> None:
        document, views, _, counts = encoded
        kinds = Counter(f"{VIEW_COUNT}{view.kind}" for view in views)
        stored = StoredDocument(document, [*views], compute_digest(document), {**counts, **kinds})
        ordinal = insert_document(self._database, None, stored)
        self._database.execute("INSERT INTO row_spans VALUES (?, ?)", (ordinal, json.dumps(spans)))

    def _cut_files(self) -> None:
        """Cut the files to what was committed."""
        for name, rows in self._ends.items():
            for path, size in (
                (self._vectors_file(name), rows * self.dimension * 4),
                (self._views_file(name), rows * 4),
            ):
                path.touch()
                if path.stat().st_size < size:
                    raise SearchIndexError(f"{path.name} is shorter than it was")
                os.truncate(path, size)

    def _vectors_file(self, name: str) -> Path:
        return self.folder / f"{name}.f32"

    def _views_file(self, name: str) -> Path:
        return self.folder / f"{name}.i32"


def _append(path: Path, values: npt.NDArray[Any]) -> None:
    with path.open("ab") as file:
        file.write(values.tobytes())
        file.flush()
        os.fsync(file.fileno())
