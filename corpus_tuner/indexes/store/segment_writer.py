"""Write the files of a segment: from what is staged, or from other segments."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import save_array
from corpus_tuner.core.documents import Digests
from corpus_tuner.core.files import sync_file
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.filters.fields import FieldCounts
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.store.layout import DOCUMENTS
from corpus_tuner.indexes.store.manifest import SegmentEntry, StoredFile, sum_counts
from corpus_tuner.indexes.store.segment_reader import SCHEMA, StoredDocument
from corpus_tuner.indexes.vectors.file_names import row_starts_file, row_views_file, vectors_file
from corpus_tuner.indexes.vectors.rows import write_vectors

SEGMENT = "segment"
"""The folder in a working folder in which a segment is made."""


class SegmentRows(NamedTuple):
    """The rows of one representation, one document after the other.

    Attributes
    ----------
    counts
        How many every document has, int64, shape (documents,).
    views
        Which of its document's views every row shows, int32, shape (rows,).
    vectors
        float32, in blocks of shape (vectors, dimension).
    """

    counts: npt.NDArray[np.int64]
    views: npt.NDArray[np.int32]
    vectors: Iterator[Vectors]


class Source(Protocol):
    """What a segment is made of: documents, in the order that they are to have."""

    def stored(self) -> Iterator[StoredDocument]:
        """Yield the documents, with all that is kept of them."""

    def rows(self, representation: Representation) -> SegmentRows:
        """Return the rows of a representation."""

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the postings that a lexical ranker needs."""


class _Counted(NamedTuple):
    """What went into the file of documents."""

    documents: int
    views: dict[str, int]
    counts: dict[str, int]
    digest: str


def write_segment(
    source: Source,
    working: Path,
    representations: Sequence[Representation],
    dimension: int,
    rankers: Sequence[LexicalRanker] = (),
) -> SegmentEntry:
    """Write all files of a segment into the folder `SEGMENT` of a working folder.

    Parameters
    ----------
    source
        What it is made of.
    working
        On the file system of the index.
    representations
        What vectors it has.
    dimension
        Of the vectors.
    rankers
        What its documents can be ranked by, besides vectors.

    Returns
    -------
    SegmentEntry
        Its name is that of the folder until a commit gives it its own.
    """
    folder = working / SEGMENT
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counted = _write_documents(source.stored(), folder / DOCUMENTS)
    rows = {}
    for representation in representations:
        name = representation.name
        counts, views, vectors = source.rows(representation)
        rows[name] = int(counts.sum())
        file = vectors_file(folder, name)
        write_vectors(vectors, rows[name], dimension, representation.storage, file)
        save_array(row_views_file(folder, name), views.astype(np.int32))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        save_array(row_starts_file(folder, name), starts)
    for ranker in rankers:
        source.write_terms(ranker, folder)
    files = {}
    for path in sorted(folder.iterdir()):
        sync_file(path)
        files[path.name] = StoredFile.of(path)
    return SegmentEntry(name=SEGMENT, rows=rows, files=files, **counted._asdict())


def _write_documents(stored: Iterator[StoredDocument], path: Path) -> _Counted:
    """Write documents and views."""
    kinds: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    fields = FieldCounts()
    digest = ""
    ordinal = -1
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # What is written is synced as a whole, and is of no use before that.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(f"BEGIN; {SCHEMA}")
        for ordinal, (document, views, own_digest, counts) in enumerate(stored):
            metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)
            database.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(ordinal, document.id, document.title, document.text, metadata),
                    *(own_digest, json.dumps(counts, sort_keys=True)),
                ),
            )
            database.executemany(
                "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        *(ordinal, position, view.kind, view.text),
                        *(view.maker, view.support, view.invented),
                    )
                    for position, view in enumerate(views)
                ),
            )
            kinds.update(view.kind for view in views)
            counted.update(counts)
            fields.add(document.metadata, counts)
            digest = Digests.add(digest, [own_digest])
        database.executemany(
            "INSERT INTO fields VALUES (?, ?, ?)",
            (
                (name, field.documents, json.dumps(field.types))
                for name, field in fields.compute_fields().items()
            ),
        )
        database.execute("COMMIT")
    return _Counted(ordinal + 1, sum_counts([kinds]), sum_counts([counted]), digest)
