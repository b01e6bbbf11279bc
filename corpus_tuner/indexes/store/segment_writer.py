"""Write the files of a segment: from what is staged, or from other segments."""

import json
import shutil
import sqlite3
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import save_array, write_header
from corpus_tuner.core.documents import add_digests
from corpus_tuner.core.files import sync_file
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.filters.fields import FieldCounts
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.representations import Representation, count_windows
from corpus_tuner.indexes.store.document_tables import SCHEMA, StoredDocument, insert_document
from corpus_tuner.indexes.store.layout import DOCUMENTS, SIGNATURES, WINDOWS
from corpus_tuner.indexes.store.manifest import SegmentEntry, StoredFile, sum_counts
from corpus_tuner.indexes.store.packed_document import DICTIONARY_DOCUMENTS, make_dictionary
from corpus_tuner.indexes.vectors.rows import (
    row_starts_file,
    row_views_file,
    vectors_file,
    write_vectors,
)
from corpus_tuner.text.near_duplicates import SIGNATURE_BYTES, compute_signature
from corpus_tuner.text.passages import get_full_text

SEGMENT = "segment"
"""Subfolder of a working folder in which a segment is written."""
_PAGE = 16_384  # bytes: small ones leave much room behind packed documents
_INDEX = """
CREATE UNIQUE INDEX ids ON documents (id);
CREATE TABLE dictionary (bytes BLOB NOT NULL);  -- of the packed documents, compressed itself
CREATE TABLE fields (
    name      TEXT PRIMARY KEY,
    documents INTEGER NOT NULL,
    types     TEXT NOT NULL
) WITHOUT ROWID;
"""


class SegmentRows(NamedTuple):
    """Rows of a representation, one document after the other.

    Attributes
    ----------
    counts
        Number of rows of every document, int64, shape (documents,).
    views
        Position of every row's view in its document, int32, shape (rows,).
    vectors
        Vectors, float32, in blocks of shape (rows, dimension).
    """

    counts: npt.NDArray[np.int64]
    views: npt.NDArray[np.int32]
    vectors: Iterator[Vectors]


class SegmentSource(Protocol):
    """Documents of a new segment, in its order."""

    def read_stored(self) -> Iterator[StoredDocument]:
        """Yield the documents."""

    def read_rows(self, representation: Representation) -> SegmentRows:
        """Return the rows of a representation."""

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the postings of a lexical ranker."""


def write_segment(
    source: SegmentSource,
    working: Path,
    representations: Sequence[Representation],
    dimension: int,
    rankers: Sequence[LexicalRanker] = (),
) -> SegmentEntry:
    """Write all files of a segment into the folder `SEGMENT` of a working folder.

    The segment has the vectors of these representations, and the terms of these lexical rankers. It
    has no name until `corpus_tuner.indexes.store.commit.move_segment`.
    """
    folder = working / SEGMENT
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    documents, counts, digest = _write_documents(source.read_stored(), folder)
    rows = {}
    for representation in representations:
        name = representation.name
        own, views, vectors = source.read_rows(representation)
        rows[name] = int(own.sum())
        file = vectors_file(folder, name)
        write_vectors(vectors, rows[name], dimension, representation.storage, file)
        save_array(
            row_views_file(folder, name), views.astype(np.min_scalar_type(views.max(initial=0)))
        )
        starts = np.concatenate([[0], np.cumsum(own)]).astype(np.int64)
        save_array(row_starts_file(folder, name), starts)
    for ranker in rankers:
        source.write_terms(ranker, folder)
    files = {}
    for path in sorted(folder.iterdir()):
        sync_file(path)
        files[path.name] = StoredFile.describe(path)
    return SegmentEntry(
        name=SEGMENT,
        documents=documents,
        live_documents=documents,
        rows=rows,
        files=files,
        counts=counts,
        digest=digest,
    )


def _write_documents(
    stored: Iterator[StoredDocument], folder: Path
) -> tuple[int, dict[str, int], str]:
    """Write documents and views; return how many documents, their counts and their digest."""
    counts: Counter[str] = Counter()
    fields = FieldCounts()
    digest = ""
    ordinal = -1
    windows = array("i")
    with (
        closing(sqlite3.connect(folder / DOCUMENTS, isolation_level=None)) as database,
        (folder / SIGNATURES).open("wb") as signatures,
    ):
        write_header(signatures, np.uint8, 0)
        # What is written is synced as a whole, and is of no use before that.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA page_size = {_PAGE}")
        database.executescript(f"BEGIN; {SCHEMA} {_INDEX}")
        first = [*islice(stored, DICTIONARY_DOCUMENTS)]
        dictionary = make_dictionary(first)
        database.execute("INSERT INTO dictionary VALUES (?)", (zlib.compress(dictionary),))
        for ordinal, one in enumerate(chain(first, stored)):
            insert_document(database, ordinal, one, dictionary)
            counts.update(one.counts)
            fields.add(one.document.metadata, one.counts)
            digest = add_digests(digest, [one.digest])
            signatures.write(compute_signature(get_full_text(one.document)).data)
            windows.append(count_windows(one.views))
        database.executemany(
            "INSERT INTO fields VALUES (?, ?, ?)",
            (
                (name, field.documents, json.dumps(field.types))
                for name, field in fields.compute_fields().items()
            ),
        )
        database.execute("COMMIT")
        signatures.seek(0)
        write_header(signatures, np.uint8, SIGNATURE_BYTES * (ordinal + 1))
    save_array(folder / WINDOWS, np.array(windows, np.int32))
    return ordinal + 1, sum_counts([counts]), digest
