"""One segment, open for reading: its documents and views."""

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import DAMAGED, DamagedError, SearchIndexError
from corpus_tuner.indexes.filters.conditions import Condition
from corpus_tuner.indexes.filters.fields import Field, Fields, normalize_id
from corpus_tuner.indexes.filters.sql import FUNCTIONS, convert_to_sql
from corpus_tuner.indexes.store.document_tables import (
    AMONG,
    StoredDocument,
    select_documents,
    select_packed,
)
from corpus_tuner.indexes.store.layout import DOCUMENTS
from corpus_tuner.indexes.store.packed_document import PackedDocument
from corpus_tuner.indexes.store.reader_lock import ReaderLock
from corpus_tuner.indexes.vectors import Ordinals


class Segment:
    """The documents and views of a segment; safe to use from several threads.

    Documents are named by ordinals, their positions in the segment, and their views by positions.

    Parameters
    ----------
    folder
        The segment's files.

    Raises
    ------
    SearchIndexError
        If the file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DOCUMENTS
        self._reader_lock = ReaderLock(folder)
        uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            self._reader_lock.release()
            raise SearchIndexError(f"cannot read {self._path}: {error}") from error
        for name, function in FUNCTIONS.items():
            self._database.create_function(name, 1, function, deterministic=True)
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Close the file."""
        self._closed = True
        self._database.close()
        self._reader_lock.release()

    def __del__(self) -> None:
        # A searcher that was refreshed lets go of its old segments when the last search ends.
        if hasattr(self, "_closed"):
            self.close()

    def read_ids(self, ordinals: Iterable[int]) -> dict[int, str]:
        """Return the ids of documents, by ordinal."""
        wanted = json.dumps([*ordinals])
        return dict(
            self._select(f"SELECT ordinal, id FROM documents WHERE ordinal {AMONG}", wanted)
        )

    def find_matching(self, condition: Condition) -> Ordinals:
        """Return the documents that a filter lets through, by ordinal, in ascending order."""
        where, bound = convert_to_sql(condition)
        found = self._select(
            f"SELECT ordinal FROM documents WHERE {where} ORDER BY ordinal", *bound
        )
        return np.array([ordinal for (ordinal,) in found], np.int64)

    def read_fields(self) -> Fields:
        """Return the fields of metadata that were counted when it was written."""
        rows = self._select("SELECT name, documents, types FROM fields")
        return {name: Field(count, self._parse(types)) for name, count, types in rows}

    def read_digests(self) -> list[tuple[int, str]]:
        """Return the ordinal and the digest of every document."""
        return self._select("SELECT ordinal, digest FROM documents ORDER BY ordinal")

    def find_ids(self, ids: Iterable[str]) -> list[tuple[str, int, str]]:
        """Return id, ordinal and digest of those documents that have one of some ids."""
        wanted = json.dumps([*ids])
        return self._select(f"SELECT id, ordinal, digest FROM documents WHERE id {AMONG}", wanted)

    def find_equivalent_ids(self, ids: Iterable[str]) -> list[tuple[str, int]]:
        """Return id and ordinal of documents whose ids are canonically equivalent to some.

        All ids beyond ASCII are read for that.
        """
        return self._select(
            f"SELECT id, ordinal FROM documents WHERE id GLOB '*[^\x01-\x7f]*' AND nfc(id) {AMONG}",
            json.dumps([normalize_id(id_) for id_ in ids]),
        )

    def read_documents(self, ordinals: Iterable[int]) -> dict[int, Document]:
        """Return documents, by ordinal."""
        return {ordinal: own.document for ordinal, own in self.read_packed(ordinals).items()}

    def read_stored(self, ordinals: Iterable[int]) -> dict[int, StoredDocument]:
        """Return documents with views, digests and counts, by ordinal."""
        try:
            return select_documents(self._select, ordinals, self._dictionary, self._path)
        except (KeyError, ValueError) as error:
            if isinstance(error, SearchIndexError):
                raise
            raise self._make_error(str(error)) from error

    def read_packed(self, ordinals: Iterable[int]) -> dict[int, PackedDocument]:
        """Return documents with their views, not unpacked yet, by ordinal."""
        return select_packed(self._select, ordinals, self._dictionary, self._path)

    def read_counts(self, ordinals: Iterable[int]) -> dict[int, tuple[str, dict[str, int]]]:
        """Return digest and counts of documents, by ordinal."""
        rows = self._select(
            f"SELECT ordinal, digest, counts FROM documents WHERE ordinal {AMONG}",
            json.dumps([*ordinals]),
        )
        return {ordinal: (digest, self._parse(counts)) for ordinal, digest, counts in rows}

    def read_metadata(
        self, ordinals: Iterable[int]
    ) -> dict[int, tuple[dict[str, Any], dict[str, int]]]:
        """Return metadata and counts of documents, by ordinal."""
        rows = self._select(
            f"SELECT ordinal, metadata, counts FROM documents WHERE ordinal {AMONG}",
            json.dumps([*ordinals]),
        )
        return {
            ordinal: (self._parse(metadata), self._parse(counts))
            for ordinal, metadata, counts in rows
        }

    def sum_counts(self, ordinals: Iterable[int]) -> dict[str, int]:
        """Return the sums of the counts of documents, by name."""
        rows = self._select(
            "SELECT each.key, sum(each.value) FROM documents, json_each(documents.counts) AS each "
            f"WHERE documents.ordinal {AMONG} GROUP BY each.key ORDER BY each.key",
            json.dumps([*ordinals]),
        )
        return dict(rows)

    @cached_property
    def _dictionary(self) -> bytes:
        try:
            ((packed,),) = self._select("SELECT bytes FROM dictionary")
            return zlib.decompress(packed)
        except (ValueError, TypeError, zlib.error) as error:
            if isinstance(error, SearchIndexError):
                raise
            raise self._make_error(str(error)) from error

    def _select(self, query: str, *values: str | float) -> list[Any]:
        try:
            with self._lock:
                return self._database.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if self._closed:
                raise SearchIndexError("the searcher is closed: open the index again") from error
            raise self._make_error(str(error)) from error

    def _parse(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise self._make_error(str(error)) from error

    def _make_error(self, reason: str) -> DamagedError:
        return DamagedError(f"{self._path} is damaged ({reason}): {DAMAGED}")
