"""All segments of an index as one: its documents are numbered through, whichever they are in."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import load_array
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document, View
from corpus_tuner.errors import DAMAGED, DamagedError, SearchIndexError
from corpus_tuner.indexes.filters.conditions import Condition
from corpus_tuner.indexes.filters.field_types import resolve
from corpus_tuner.indexes.filters.fields import (
    ID,
    Field,
    FieldCounts,
    Fields,
    normalize_id,
    sum_fields,
)
from corpus_tuner.indexes.representations import Representation, WindowCounts
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.layout import DOCUMENTS, SIGNATURES, WINDOWS, Layout
from corpus_tuner.indexes.store.manifest import Manifest, SegmentEntry, VectorSearchEntry
from corpus_tuner.indexes.store.packed_document import PackedDocument
from corpus_tuner.indexes.store.segment_reader import Segment
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import DenseIndex
from corpus_tuner.text.near_duplicates import SIGNATURE_BYTES, Signatures

LiveDocs = npt.NDArray[np.bool_]
"""Which documents are not deleted, shape (documents,)."""
_DOCUMENTS_AT_ONCE = 4096
_Found = TypeVar("_Found")


class Segments:
    """The documents of an index; safe to use from several threads.

    A document's ordinal is its position among all that were written, segment after segment; those
    that are deleted keep theirs.

    Parameters
    ----------
    folders
        Folders of the segments, in order.
    live_docs
        Live documents of every segment.
    ann_files
        File of the ANN index of every segment that has one.

    Attributes
    ----------
    folders
        Folders of the segments, in order.
    live_docs
        Live documents of all segments, bool, shape (documents,).
    windows
        Number of passages that every document is scored by, int32, shape (documents,).
    edges
        Ordinal of the first document of every segment, and the end.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        live_docs: Sequence[LiveDocs],
        ann_files: Sequence[Path | None] = (),
    ) -> None:
        self.folders = folders
        self._ann_files = ann_files
        self.live_docs: LiveDocs = np.concatenate([np.zeros(0, bool), *live_docs])
        self.edges: list[int] = np.cumsum([0, *(len(own) for own in live_docs)]).tolist()
        self.windows: WindowCounts = np.concatenate(
            [np.zeros(0, np.int32), *(load_array(one / WINDOWS, np.int32) for one in folders)]
        )
        if len(self.windows) != len(self.live_docs) or (self.windows < 1).any():
            raise DamagedError(f"the files {WINDOWS} do not fit the documents: {DAMAGED}")
        self._signatures = [
            _load_signatures(folder / SIGNATURES, len(own))
            for folder, own in zip(folders, live_docs, strict=True)
        ]
        self._restricted = False
        self._segments: list[Segment] = []
        try:
            for folder in folders:
                self._segments.append(Segment(folder))
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, index: Path, manifest: Manifest) -> "Segments":
        """Open those that a manifest names.

        Raises
        ------
        SearchIndexError
            If a file cannot be read.
        """
        entries = manifest.segments
        folders = [Layout(index).get_segment_folder(entry.name) for entry in entries]
        pairs = [*zip(folders, entries, strict=True)]
        return cls(
            folders,
            [load_live_docs(folder, entry) for folder, entry in pairs],
            [folder / entry.ann_index if entry.ann_index else None for folder, entry in pairs],
        )

    def open_dense(
        self,
        representation: Representation,
        dimension: int,
        vectors: VectorSearchEntry | None = None,
    ) -> DenseIndex:
        """Open the vectors of a representation.

        Parameters
        ----------
        representation
            Representation that scores documents.
        dimension
            Length of a vector.
        vectors
            Search by the ANN indexes; exact by default.
        """
        opened = (self.folders, representation, dimension, self.live_docs, self.windows)
        if vectors is None:
            return DenseIndex(*opened)
        return DenseIndex(*opened, self._ann_files, vectors.settings.index, vectors.parameters)

    def close(self) -> None:
        """Close the files."""
        for segment in self._segments:
            segment.close()

    def read_ids(self, ordinals: Ordinals) -> list[str]:
        """Return the ids of documents, in the order of `ordinals`."""
        return self._read(ordinals, Segment.read_ids)

    def read_documents(self, ordinals: Ordinals) -> list[Document]:
        """Return documents, in the order of `ordinals`."""
        return self._read(ordinals, Segment.read_documents)

    def read_stored(self, ordinals: Ordinals) -> list[StoredDocument]:
        """Return documents with their views, digests and counts, in the order of `ordinals`."""
        return self._read(ordinals, Segment.read_stored)

    def read_packed(self, ordinals: Ordinals) -> list[PackedDocument]:
        """Return documents with their views, not unpacked yet, in the order of `ordinals`."""
        return self._read(ordinals, Segment.read_packed)

    def read_counts(self, ordinals: Ordinals) -> list[tuple[str, dict[str, int]]]:
        """Return the digests and counts of documents, in the order of `ordinals`."""
        return self._read(ordinals, Segment.read_counts)

    def read_signatures(self, ordinals: Ordinals) -> Signatures:
        """Return the MinHash signatures of documents, in the order of `ordinals`."""
        signatures = np.empty((len(ordinals), SIGNATURE_BYTES), np.uint8)
        owners = np.searchsorted(self.edges, ordinals, side="right") - 1
        for number in np.unique(owners).tolist():
            own = owners == number
            signatures[own] = self._signatures[number][ordinals[own] - self.edges[number]]
        return signatures

    def read_document(self, ordinal: int) -> Document:
        """Return one document."""
        return self.read_documents(np.array([ordinal]))[0]

    def read_views(self, ordinal: int) -> list[View]:
        """Return the views of one document, in order."""
        return self.read_stored(np.array([ordinal]))[0].views

    @cached_property
    def fields(self) -> Fields:
        """The fields that a filter can name, by name.

        Deleted documents count until their segment is merged.
        """
        if self._restricted:
            documents, found = int(self.live_docs.sum()), self._count_fields()
        else:
            documents = len(self.live_docs)
            found = sum_fields(segment.read_fields() for segment in self._segments)
        return {ID: Field(documents, {"text": documents}), **found}

    def restrict(self, condition: Condition) -> "Segments":
        """Return the same files, of which only the documents that pass a filter are live.

        Raises
        ------
        SearchIndexError
            If it names a field that does not exist, or a type that the field does not have.
        """
        restricted = copy(self)
        restricted.live_docs = np.zeros(len(self.live_docs), bool)
        restricted.live_docs[self.find_matching(condition)] = True
        restricted._restricted = True
        restricted.__dict__.pop("fields", None)
        return restricted

    def restrict_entries(self, entries: Sequence[SegmentEntry]) -> tuple[SegmentEntry, ...]:
        """Return the entries of the segments, with the numbers of the documents live here."""
        live = [np.flatnonzero(own) for own in np.split(self.live_docs, self.edges[1:-1])]
        return tuple(
            entry.model_copy(
                update={
                    "live_documents": len(own),
                    "counts": segment.sum_counts(own.tolist()),
                }
            )
            for entry, segment, own in zip(entries, self._segments, live, strict=False)
        )

    def find_matching(self, condition: Condition) -> Ordinals:
        """Return the live documents that pass a filter, in ascending order.

        Raises
        ------
        SearchIndexError
            If it names a field that does not exist, or a type that the field does not have.
        """
        condition = resolve(condition, self.fields)
        found = [segment.find_matching(condition) + first for first, segment in self._numbered]
        every = np.concatenate([np.zeros(0, np.int64), *found])
        return np.asarray(every[self.live_docs[every]])

    def read_digests(self) -> Iterator[tuple[int, str]]:
        """Yield the ordinal and the digest of every live document."""
        for first, segment in self._numbered:
            for ordinal, digest in segment.read_digests():
                if self.live_docs[first + ordinal]:
                    yield first + ordinal, digest

    def find_ids(self, ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Return the ordinals and digests of live documents, by id."""
        wanted = [*ids]
        return {
            id_: (first + ordinal, digest)
            for first, segment in self._numbered
            for id_, ordinal, digest in segment.find_ids(wanted)
            if self.live_docs[first + ordinal]
        }

    def resolve_ids(self, ids: Iterable[str]) -> dict[str, list[int]]:
        """Return the live documents that people mean by some ids, those that there are.

        That is the document of this very id, or else every one whose id is canonically equivalent:
        names of files are composed on some systems and decomposed on others.
        """
        wanted = [*ids]
        found = {id_: [ordinal] for id_, (ordinal, _) in self.find_ids(wanted).items()}
        missing = [id_ for id_ in wanted if id_ not in found and not id_.isascii()]
        if not missing:
            return found
        equivalent: dict[str, list[int]] = {}
        for first, segment in self._numbered:
            for id_, ordinal in segment.find_equivalent_ids(missing):
                if self.live_docs[first + ordinal]:
                    equivalent.setdefault(normalize_id(id_), []).append(first + ordinal)
        return found | {id_: own for id_ in missing if (own := equivalent.get(normalize_id(id_)))}

    def _count_fields(self) -> Fields:
        """Return the fields of the live documents."""
        counted = FieldCounts()
        for some in split_into_chunks(np.flatnonzero(self.live_docs), _DOCUMENTS_AT_ONCE):
            for metadata, counts in self._read(np.array(some), Segment.read_metadata):
                counted.add(metadata, counts)
        return counted.compute_fields()

    @property
    def _numbered(self) -> Iterator[tuple[int, Segment]]:
        """Every segment with the ordinal of its first document."""
        return zip(self.edges[:-1], self._segments, strict=True)

    def _read(
        self, ordinals: Ordinals, read: Callable[[Segment, list[int]], Mapping[int, _Found]]
    ) -> list[_Found]:
        """Return what every segment reads of its documents, in the order of `ordinals`."""
        found: dict[int, _Found] = {}
        owners = np.searchsorted(self.edges, ordinals, side="right") - 1
        for number in np.unique(owners).tolist():
            first = self.edges[number]
            read_here = read(self._segments[number], (ordinals[owners == number] - first).tolist())
            found |= {first + ordinal: one for ordinal, one in read_here.items()}
        try:
            return [found[ordinal] for ordinal in ordinals.tolist()]
        except KeyError as error:
            where = ", ".join(str(folder / DOCUMENTS) for folder in self.folders)
            raise DamagedError(f"{where}: document {error} is missing: {DAMAGED}") from error


def read_fields(index: Path, manifest: Manifest) -> Fields:
    """Return the fields of an index, as `Segments.fields` has them.

    Raises
    ------
    SearchIndexError
        If a file cannot be read.
    """
    with closing(Segments.open(index, manifest)) as segments:
        return segments.fields


def load_live_docs(folder: Path, entry: SegmentEntry) -> LiveDocs:
    """Return the live documents of a segment.

    Raises
    ------
    SearchIndexError
        If its bitmap cannot be read, or does not fit.
    """
    if entry.live_docs is None:
        return np.ones(entry.documents, bool)
    live_docs: LiveDocs = load_array(folder / entry.live_docs, np.uint8).astype(bool)
    if len(live_docs) != entry.documents or live_docs.sum() != entry.live_documents:
        raise SearchIndexError(
            f"{folder / entry.live_docs} is no bitmap of {entry.live_documents:,} of "
            f"{entry.documents:,} documents: {DAMAGED}"
        )
    return live_docs


def _load_signatures(file: Path, documents: int) -> Signatures:
    """Return the signatures of a segment, shape (documents, SIGNATURE_BYTES)."""
    stored = load_array(file, np.uint8)
    if len(stored) != documents * SIGNATURE_BYTES:
        raise DamagedError(f"{file} does not fit {documents:,} documents: {DAMAGED}")
    return stored.reshape(documents, SIGNATURE_BYTES)
