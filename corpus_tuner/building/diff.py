"""Differences between a corpus and its index, by the digests of documents."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.progress import print_note
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest, verify
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors import Ordinals


class Changes(BaseModel):
    """Numbers of documents that differ between a corpus and its index.

    Attributes
    ----------
    added
        Number of documents that the index does not contain.
    changed
        Number of documents that the index contains with other contents.
    removed
        Number of documents that the corpus does not contain any more.
    unchanged
        Number of documents that the index contains as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        """Number of documents to write or delete."""
        return self.added + self.changed + self.removed


class CorpusDiff:
    """Compares the documents of a corpus, chunk by chunk, with those of an index.

    Parameters
    ----------
    segments
        Segments of the index.
    whole
        Whether the index will contain these documents only; else others stay.
    """

    def __init__(self, segments: Segments, *, whole: bool = True) -> None:
        self._segments = segments
        self._whole = whole
        self._live_docs = segments.live_docs
        self._unchanged = np.zeros(len(self._live_docs), bool)
        self._changed = np.zeros(len(self._live_docs), bool)
        self._added = 0

    def find_new(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents that the index does not contain as they are."""
        known = self._segments.find_ids(document.id for document in documents)
        new = []
        for document in documents:
            ordinal, digest = known.get(document.id, (-1, ""))
            if ordinal >= 0 and digest == compute_digest(document):
                self._unchanged[ordinal] = True
                continue
            new.append(document)
            if ordinal >= 0:
                self._changed[ordinal] = True
            else:
                self._added += 1
        return new

    @property
    def removed(self) -> Ordinals:
        """Ordinals of the documents that the index must delete, in ascending order."""
        outdated = self._live_docs & ~self._unchanged if self._whole else self._changed
        return np.flatnonzero(outdated)

    @property
    def changes(self) -> Changes:
        """Numbers of documents that differ."""
        changed = int(self._changed.sum())
        removed = len(self.removed) - changed
        unchanged = int(self._live_docs.sum()) - changed - removed
        return Changes(added=self._added, changed=changed, removed=removed, unchanged=unchanged)


def read_valid_manifest(index: Path) -> Manifest | None:
    """Return the manifest of an existing index whose files are intact."""
    if not Layout(index).manifest.is_file():
        return None
    try:
        manifest = read_manifest(index)
        verify(index, manifest.segments)
        return manifest
    except SearchIndexError as error:  # damaged, or of another version
        print_note(f"{error}: it is rebuilt")
        return None
