"""Write an index chunk by chunk, so that a killed build goes on where it stopped.

Each chunk is one transaction: its vectors are appended to plain files and synced, then SQLite
commits its documents, its views and how long those files now are. After a kill, whatever lies
behind the last commit is cut off. Finishing makes the segment's files aside, moves them into
place and replaces the manifest; a kill in between leaves the old index in force.
"""

import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from indexes import storage
from indexes.dense import write_vectors
from indexes.documents import Document, View
from indexes.encoders import Vectors
from indexes.errors import SearchIndexError
from indexes.fusion import SearchSettings
from indexes.lexical import LexicalSettings, write_lexical
from indexes.registry import PartSettings
from indexes.representations import Representation
from indexes.segment import SCHEMA

_CHUNKS = """
CREATE TABLE chunks (
    ordinal   INTEGER PRIMARY KEY,
    digest    TEXT NOT NULL,
    documents INTEGER NOT NULL,
    views     INTEGER NOT NULL,
    rows      TEXT NOT NULL,
    counts    TEXT NOT NULL
);
"""


class EncodedDocument(NamedTuple):
    """A document with its views and their vectors, float32 of shape (views, dimension)."""

    document: Document
    views: Sequence[View]
    vectors: Vectors


class _Ends(NamedTuple):
    """How much there is after a chunk."""

    digest: str
    documents: int
    views: int
    rows: dict[str, int]
    counts: Counter[str]


class IndexWriter:
    """Writes one index; a context manager that holds the index's lock.

    Parameters
    ----------
    index
        The folder; made if it is not there. An index in it stays in force until `finish`.
    key
        Names what is being built: a hash of the encoder and all the settings. An unfinished
        build with the same key is continued, one with another key is thrown away.
    representations
        What to index, by name unique.
    dimension
        Of the vectors.

    Raises
    ------
    SearchIndexError
        If `index` is a folder with other things in it, or another build is at work there.
    """

    def __init__(
        self, index: Path, key: str, representations: Sequence[Representation], dimension: int
    ) -> None:
        self._index = index
        self._work = index / f"building-{key[:16]}"
        self._representations = representations
        self._dimension = dimension
        self._lock = storage.locked(index)
        self._passed = 0

    def __enter__(self) -> "IndexWriter":
        _claim(self._index)
        self._lock.__enter__()
        for other in storage.unfinished(self._index):
            if other != self._work:
                shutil.rmtree(other)
        self._work.mkdir(exist_ok=True)
        self._database = sqlite3.connect(self._work / "work.sqlite", isolation_level=None)
        try:
            self._chunks = self._resume()
            self._cut()
        except (sqlite3.DatabaseError, SearchIndexError) as error:
            self.__exit__(None, None, None)
            raise SearchIndexError(
                f"the unfinished build in {self._work} is damaged ({error}): "
                "delete that folder and build again"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        self._lock.__exit__(kind, error, trace)

    def _resume(self) -> list[_Ends]:
        """Return what an earlier build committed, in order."""
        self._database.execute("PRAGMA synchronous = FULL")
        if not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._database.executescript(f"BEGIN; {SCHEMA} {_CHUNKS} COMMIT;")
        return [
            _Ends(digest, documents, views, json.loads(rows), Counter(json.loads(counts)))
            for digest, documents, views, rows, counts in self._database.execute(
                "SELECT digest, documents, views, rows, counts FROM chunks ORDER BY ordinal"
            )
        ]

    @property
    def scratch(self) -> Path:
        """A folder for what the build needs until it is finished."""
        return self._work

    def skip(self, digest: str) -> bool:
        """Tell whether the next chunk, whose contents have this `digest`, is written already.

        If it is, it counts as added. If another chunk was written in its place, that one and all
        behind it are thrown away.
        """
        if self._passed < len(self._chunks) and self._chunks[self._passed].digest == digest:
            self._passed += 1
            return True
        self._forget_rest()
        return False

    def add(
        self, digest: str, encoded: Iterable[EncodedDocument], counts: Mapping[str, int]
    ) -> None:
        """Write one chunk durably, behind those written or skipped so far.

        Parameters
        ----------
        digest
            Of its contents; `skip` knows it by this.
        encoded
            The documents.
        counts
            Whatever is to be counted over all chunks, whichever build wrote them.

        Raises
        ------
        SearchIndexError
            If two documents have the same id.
        """
        before = self._end()
        documents, views, rows = before.documents, before.views, dict(before.rows)
        vectors: dict[str, list[Vectors]] = {name: [] for name in rows}
        owners: dict[str, list[tuple[int, int]]] = {name: [] for name in rows}
        self._database.execute("BEGIN")
        try:
            for document, its_views, its_vectors in encoded:
                for representation in self._representations:
                    made = representation.rows(its_views, its_vectors)
                    vectors[representation.name].append(made.vectors)
                    owners[representation.name].extend(
                        (documents, views + view) for view in made.views.tolist()
                    )
                self._insert(documents, views, document, its_views)
                documents, views = documents + 1, views + len(its_views)
            for name in rows:
                rows[name] += len(owners[name])
                block = np.concatenate(vectors[name]) if vectors[name] else np.zeros(0)
                _append(self._vectors(name), block.astype("<f4").tobytes())
                _append(self._rows(name), np.array(owners[name], dtype="<i4").tobytes())
            end = _Ends(digest, documents, views, rows, before.counts + Counter(counts))
            self._database.execute(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)",
                (len(self._chunks), *end[:3], json.dumps(rows), json.dumps(end.counts)),
            )
            self._database.execute("COMMIT")
        except BaseException as error:
            self._database.execute("ROLLBACK")
            self._cut()
            if isinstance(error, sqlite3.IntegrityError):
                raise SearchIndexError("two documents have the same id") from error
            raise
        self._chunks.append(end)
        self._passed += 1

    @property
    def documents(self) -> int:
        """How many documents were added or skipped so far."""
        return self._end().documents

    @property
    def counts(self) -> Counter[str]:
        """The counts of all chunks added or skipped so far."""
        return self._end().counts

    def finish(
        self,
        encoder: storage.EncoderEntry,
        representations: Mapping[str, PartSettings],
        lexical: LexicalSettings | None,
        search: SearchSettings,
        build: dict[str, Any],
    ) -> storage.Manifest:
        """Make the segment, put it in force and remove what it replaces.

        Parameters
        ----------
        encoder
            For the manifest.
        representations
            The settings of each, by name, for the manifest; the last is searched by default.
        lexical
            The engine that indexes the documents' words, if any.
        search
            How to rank.
        build
            For the manifest: settings and counts, as JSON can hold them.
        """
        self._forget_rest()
        aside = self._work / "segment"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        self._database.execute("VACUUM INTO ?", (str(aside / storage.DOCUMENTS),))
        rows = self._end().rows
        for each in self._representations:
            name = each.name
            vectors = aside / f"{name}.faiss"
            write_vectors(self._vectors(name), self._dimension, each.storage, vectors)
            owners = np.fromfile(self._rows(name), dtype="<i4").reshape(-1, 2)
            starts = np.searchsorted(owners[:, 0], np.arange(self.documents + 1))
            np.save(aside / f"{name}.views.npy", owners[:, 1], allow_pickle=False)
            np.save(aside / f"{name}.starts.npy", starts, allow_pickle=False)
        if lexical:
            write_lexical(self._texts(lexical.views), aside, lexical)
        files = {}
        for path in sorted(aside.iterdir()):
            storage.sync_file(path)
            files[path.name] = storage.StoredFile(
                bytes=path.stat().st_size, sha256=storage.sha256(path)
            )

        folder = self._place(aside)
        kinds = self._database.execute("SELECT kind, count(*) FROM views GROUP BY kind ORDER BY 1")
        entry = storage.SegmentEntry(
            name=folder.name,
            documents=self._end().documents,
            views=dict(kinds.fetchall()),
            rows=rows,
            files=files,
        )
        manifest = storage.Manifest(
            encoder=encoder,
            representation=list(representations)[-1],
            representations={name: each.model_dump() for name, each in representations.items()},
            lexical=lexical.model_dump() if lexical else None,
            search=search,
            segments=(entry,),
            build=build,
        )
        storage.write_manifest(self._index, manifest)
        for other in folder.parent.iterdir():
            if other != folder and other.is_dir():
                shutil.rmtree(other)
        self._database.close()
        shutil.rmtree(self._work)
        return manifest

    def _texts(self, kinds: Mapping[str, int]) -> Iterator[str]:
        """Yield the text of each document, and what of its views is added, so many times."""
        documents = "SELECT ordinal, title, text FROM documents ORDER BY ordinal"
        views = "SELECT kind, text FROM views WHERE document = ? ORDER BY ordinal"
        for ordinal, title, text in self._database.execute(documents):
            added = self._database.execute(views, (ordinal,)) if kinds else ()
            more = [view for kind, view in added for _ in range(kinds.get(kind, 0))]
            yield "\n".join((title, text, *more))

    def _place(self, aside: Path) -> Path:
        """Move a finished segment to a number that no reader can have open."""
        segments = self._index / "segments"
        segments.mkdir(exist_ok=True)
        taken = [int(path.name) for path in segments.iterdir() if path.name.isdecimal()]
        folder = segments / f"{max(taken, default=0) + 1:06}"
        aside.rename(folder)
        storage.sync_folder(folder)
        storage.sync_folder(segments)
        return folder

    def _insert(self, ordinal: int, first: int, document: Document, views: Sequence[View]) -> None:
        metadata = json.dumps(
            dict(document.metadata), ensure_ascii=False, sort_keys=True, default=str
        )
        self._database.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
            (ordinal, document.id, document.title, document.text, metadata),
        )
        self._database.executemany(
            "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(first + place, ordinal),
                    *(view.kind, view.text, view.maker, view.score, view.support, view.invented),
                )
                for place, view in enumerate(views)
            ),
        )

    def _forget_rest(self) -> None:
        """Throw away the chunks behind those that were added or skipped."""
        if self._passed == len(self._chunks):
            return
        del self._chunks[self._passed :]
        end = self._end()
        self._database.execute("BEGIN")
        self._database.execute("DELETE FROM chunks WHERE ordinal >= ?", (self._passed,))
        self._database.execute("DELETE FROM views WHERE ordinal >= ?", (end.views,))
        self._database.execute("DELETE FROM documents WHERE ordinal >= ?", (end.documents,))
        self._database.execute("COMMIT")
        self._cut()

    def _cut(self) -> None:
        """Cut the files to what was committed."""
        for name, rows in (self._chunks[-1] if self._chunks else self._end()).rows.items():
            for path, size in (
                (self._vectors(name), rows * self._dimension * 4),
                (self._rows(name), rows * 8),
            ):
                path.touch()
                if path.stat().st_size < size:
                    raise SearchIndexError(f"{path.name} is shorter than it was")
                os.truncate(path, size)

    def _end(self) -> _Ends:
        if self._passed:
            return self._chunks[self._passed - 1]
        return _Ends("", 0, 0, {each.name: 0 for each in self._representations}, Counter())

    def _vectors(self, name: str) -> Path:
        return self._work / f"{name}.f32"

    def _rows(self, name: str) -> Path:
        return self._work / f"{name}.i32"


def _claim(index: Path) -> None:
    """Make the folder, or see that it is one of ours."""
    if index.exists() and not index.is_dir():
        raise SearchIndexError(f"{index} is a file: give the folder that the index goes to")
    if index.is_dir() and any(index.iterdir()):
        marks = (storage.MANIFEST, storage.LOCK)
        if not any((index / mark).exists() for mark in marks):
            raise SearchIndexError(f"{index} holds other things than an index: give another folder")
    try:
        index.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SearchIndexError(f"cannot make {index}: {error.strerror}") from error


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
