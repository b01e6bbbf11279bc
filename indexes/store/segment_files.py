"""Write the files of a segment from what is staged, in the order of the corpus."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.lexical import LexicalSettings, write_lexical
from corpus_tuner.indexes.store.files import sha256, sync_file
from corpus_tuner.indexes.store.layout import (
    DOCUMENTS,
    row_starts_file,
    row_views_file,
    vectors_file,
)
from corpus_tuner.indexes.store.manifest import SegmentEntry, StoredFile
from corpus_tuner.indexes.store.segment import SCHEMA
from corpus_tuner.indexes.store.staging import Staging
from corpus_tuner.indexes.vectors.flat import write_vectors

SEGMENT = "segment"
"""The folder in the staging folder in which a segment is made."""


class _Written(NamedTuple):
    """What went into the file of documents.

    Attributes
    ----------
    first_views
        The ordinal of every document's first view, and the end; shape (documents + 1,).
    kinds
        How many views there are of every kind.
    """

    first_views: npt.NDArray[np.int64]
    kinds: dict[str, int]


def write_segment(staging: Staging, lexical: LexicalSettings | None) -> SegmentEntry:
    """Write all files of a segment into the folder `SEGMENT` of the staging folder.

    Parameters
    ----------
    staging
        What is arranged in it becomes the segment.
    lexical
        What terms of the documents are indexed, if any.

    Returns
    -------
    SegmentEntry
        Its name is that of the folder until a commit gives it its own.
    """
    folder = staging.folder / SEGMENT
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    written = _write_documents(staging, folder / DOCUMENTS)
    rows = {}
    for representation in staging.representations:
        name = representation.name
        order, starts = _rows(staging, name)
        owners = np.repeat(written.first_views[:-1], np.diff(starts))
        views = (staging.row_views(name)[order] + owners).astype(np.int32)
        write_vectors(
            staging.vectors(name), order, representation.storage, vectors_file(folder, name)
        )
        np.save(row_views_file(folder, name), views, allow_pickle=False)
        np.save(row_starts_file(folder, name), starts, allow_pickle=False)
        rows[name] = len(order)
    for ranker in lexical.rankers if lexical else ():
        assert lexical
        write_lexical(_texts(staging, lexical.views), folder, lexical, ranker)
    files = {}
    for path in sorted(folder.iterdir()):
        sync_file(path)
        files[path.name] = StoredFile(bytes=path.stat().st_size, sha256=sha256(path))
    return SegmentEntry(
        name=SEGMENT, documents=staging.documents, views=written.kinds, rows=rows, files=files
    )


def _write_documents(staging: Staging, path: Path) -> _Written:
    """Write documents and views."""
    kinds: Counter[str] = Counter()
    first_views = [0]
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # What is written is synced as a whole, and is of no use before that.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(f"BEGIN; {SCHEMA}")
        for ordinal, (document, views, digest, _) in enumerate(staging.arranged()):
            metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)
            database.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)",
                (ordinal, document.id, document.title, document.text, metadata, digest),
            )
            database.executemany(
                "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        *(number, ordinal, view.kind, view.text),
                        *(view.maker, view.support, view.invented),
                    )
                    for number, view in enumerate(views, start=first_views[-1])
                ),
            )
            kinds.update(view.kind for view in views)
            first_views.append(first_views[-1] + len(views))
        database.execute("COMMIT")
    return _Written(np.array(first_views, np.int64), dict(sorted(kinds.items())))


def _rows(staging: Staging, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the staged rows of a representation in their new order, and every document's first."""
    spans = staging.spans(name)
    starts = np.concatenate([[0], np.cumsum(spans[:, 1])])
    order = np.repeat(spans[:, 0] - starts[:-1], spans[:, 1]) + np.arange(starts[-1])
    return order, starts


def _texts(staging: Staging, kinds: Mapping[str, int]) -> Iterator[str]:
    """Yield the text of every document, and what of its views is added, so many times."""
    for document, views, *_ in staging.arranged():
        added = (view.text for view in views for _ in range(kinds.get(view.kind, 0)))
        yield "\n".join((document.title, document.text, *added))
