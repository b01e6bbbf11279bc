"""All segments of an index as one: its documents are numbered through, whichever they are in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.errors import DAMAGED, DamagedError
from corpus_tuner.indexes.filters.conditions import Condition
from corpus_tuner.indexes.filters.field_types import resolve
from corpus_tuner.indexes.filters.fields import ID, Field, Fields, normalize_id, sum_fields
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.store.layout import DOCUMENTS, Layout
from corpus_tuner.indexes.store.live_docs import LiveDocs, read_bitmap
from corpus_tuner.indexes.store.manifest import Manifest, SegmentEntry, VectorSearchEntry
from corpus_tuner.indexes.store.segment_reader import Segment
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import DenseIndex

_Found = TypeVar("_Found")


class Segments:
    """The documents of an index; safe to use from several threads.

    A document's ordinal is its position among all that were written, segment after segment; those
    that are gone keep theirs.

    Parameters
    ----------
    folders
        Folders of the segments, in order.
    live_docs
        For every segment which of its documents are still there.
    ann_files
        File of the ANN index of every segment that has one.

    Attributes
    ----------
    folders
        Folders of the segments, in order.
    live_docs
        Live documents of all segments, bool, shape (documents,).
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
        self._firsts = np.cumsum([0, *(len(own) for own in live_docs)])
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
        folders = [Layout(index).get_segment_folder(entry.name) for entry in manifest.segments]
        live_docs = [
            load_live_docs(folder, entry)
            for folder, entry in zip(folders, manifest.segments, strict=True)
        ]
        ann_files = [
            folder / entry.ann_index.name if entry.ann_index else None
            for folder, entry in zip(folders, manifest.segments, strict=True)
        ]
        return cls(folders, live_docs, ann_files)

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
        opened = (self.folders, representation, dimension, self.live_docs)
        if vectors is None:
            return DenseIndex(*opened)
        return DenseIndex(*opened, self._ann_files, vectors.settings.index, vectors.parameters)

    def close(self) -> None:
        """Close the files."""
        for segment in self._segments:
            segment.close()

    def read_ids(self, ordinals: Ordinals) -> list[str]:
        """Return the ids of documents, in the order of `ordinals`."""
        found: dict[int, str] = {}
        for first, segment, own, _ in self._group_by_segment(ordinals):
            found |= {
                first + ordinal: id_ for ordinal, id_ in segment.read_ids(own.tolist()).items()
            }
        return self._order(ordinals, found)

    def read_documents(self, ordinals: Ordinals) -> list[Document]:
        """Return documents, in the order of `ordinals`."""
        found: dict[int, Document] = {}
        for first, segment, own, _ in self._group_by_segment(ordinals):
            documents = segment.read_documents(own.tolist())
            found |= {first + ordinal: document for ordinal, document in documents.items()}
        return self._order(ordinals, found)

    def read_document(self, ordinal: int) -> Document:
        """Return one document."""
        return self.read_documents(np.array([ordinal]))[0]

    def read_views_at(self, documents: Ordinals, positions: Ordinals) -> list[View]:
        """Return one view of each of some documents, by its position among theirs."""
        found: dict[int, View] = {}
        for first, segment, own, where in self._group_by_segment(documents):
            pairs = zip(own.tolist(), positions[where].tolist(), strict=True)
            found |= {
                first + ordinal: view for ordinal, view in segment.read_views_at(pairs).items()
            }
        return self._order(documents, found)

    def read_passages(self, ordinals: Ordinals) -> list[dict[int, str]]:
        """Return the texts of documents' passages, by position among the document's views."""
        found: dict[int, dict[int, str]] = {}
        for first, segment, own, _ in self._group_by_segment(ordinals):
            passages = segment.read_passages(own.tolist())
            found |= {first + ordinal: texts for ordinal, texts in passages.items()}
        return self._order(ordinals, found)

    def read_views(self, document: int) -> list[View]:
        """Return all views of a document, in order."""
        segment, own = self._find_segment(document)
        return segment.read_views(own)

    @cached_property
    def fields(self) -> Fields:
        """The fields that a filter can name, by name.

        Documents that are gone count until their segment is merged.
        """
        ids = {ID: Field(len(self.live_docs), {"text": len(self.live_docs)})}
        return {**ids, **sum_fields(segment.read_fields() for segment in self._segments)}

    def find_matching(self, condition: Condition) -> Ordinals:
        """Return the documents that are there and pass a filter, in ascending order.

        Raises
        ------
        SearchIndexError
            If it asks for a field that there is not, or for a type that one never has.
        """
        condition = resolve(condition, self.fields)
        found = [
            segment.find_matching(condition) + first
            for segment, first in zip(self._segments, self._firsts[:-1], strict=True)
        ]
        every = np.concatenate([np.zeros(0, np.int64), *found])
        return np.asarray(every[self.live_docs[every]])

    def read_digests(self) -> Iterator[tuple[int, str]]:
        """Yield the ordinal and the digest of every document that is there."""
        for segment, first in zip(self._segments, self._firsts[:-1].tolist(), strict=True):
            for ordinal, digest in segment.read_digests():
                if self.live_docs[first + ordinal]:
                    yield first + ordinal, digest

    def find_ids(self, ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Return ordinal and digest of those documents that are there, by id."""
        wanted = [*ids]
        return {
            id_: (first + ordinal, digest)
            for segment, first in zip(self._segments, self._firsts[:-1].tolist(), strict=True)
            for id_, ordinal, digest in segment.find_ids(wanted)
            if self.live_docs[first + ordinal]
        }

    def resolve_ids(self, ids: Iterable[str]) -> dict[str, list[int]]:
        """Return the documents that people mean by some ids, those that there are.

        That is the document of this very id, or else every one whose id is canonically equivalent:
        names of files are composed on some systems and decomposed on others.
        """
        wanted = [*ids]
        found = {id_: [ordinal] for id_, (ordinal, _) in self.find_ids(wanted).items()}
        missing = [id_ for id_ in wanted if id_ not in found and not id_.isascii()]
        if not missing:
            return found
        equivalent: dict[str, list[int]] = {}
        for segment, first in zip(self._segments, self._firsts[:-1].tolist(), strict=True):
            for id_, ordinal, _ in segment.find_equivalent_ids(missing):
                if self.live_docs[first + ordinal]:
                    equivalent.setdefault(normalize_id(id_), []).append(first + ordinal)
        return found | {id_: own for id_ in missing if (own := equivalent.get(normalize_id(id_)))}

    def split_live_docs(self) -> list[LiveDocs]:
        """Return for every segment which of its documents are still there."""
        edges = self._firsts.tolist()
        return [self.live_docs[start:end] for start, end in pairwise(edges)]

    def split_by_segment(self, ordinals: Ordinals) -> list[tuple[Segment, Ordinals]]:
        """Return every segment, and which of some documents it has, by their ordinals there.

        Parameters
        ----------
        ordinals
            In ascending order.
        """
        edges = np.searchsorted(ordinals, self._firsts)
        return [
            (segment, ordinals[start:end] - first)
            for segment, first, start, end in zip(
                self._segments, self._firsts[:-1], edges[:-1], edges[1:], strict=True
            )
        ]

    def _group_by_segment(
        self, ordinals: Ordinals
    ) -> Iterator[tuple[int, Segment, Ordinals, Ordinals]]:
        """Yield every segment that has some of the documents, and which.

        They are given by the segment's first ordinal, theirs in it, and their positions in
        `ordinals`.
        """
        owners = np.searchsorted(self._firsts, ordinals, side="right") - 1
        for number in np.unique(owners).tolist():
            first, where = int(self._firsts[number]), np.flatnonzero(owners == number)
            yield first, self._segments[number], ordinals[where] - first, where

    def _order(self, ordinals: Ordinals, found: Mapping[int, _Found]) -> list[_Found]:
        """Return what was found for documents in the order of these.

        Raises
        ------
        SearchIndexError
            If nothing was found for one: the files do not fit each other.
        """
        try:
            return [found[ordinal] for ordinal in ordinals.tolist()]
        except KeyError as error:
            where = ", ".join(str(folder / DOCUMENTS) for folder in self.folders)
            raise DamagedError(f"{where}: document {error} is missing: {DAMAGED}") from error

    def _find_segment(self, document: int) -> tuple[Segment, int]:
        """Return the segment that has a document, and its ordinal there."""
        number = int(np.searchsorted(self._firsts, document, side="right")) - 1
        return self._segments[number], document - int(self._firsts[number])


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
    """Return which documents of a segment are still there.

    Raises
    ------
    SearchIndexError
        If its bitmap cannot be read.
    """
    if entry.live_docs is None:
        return np.ones(entry.documents, bool)
    return read_bitmap(folder / entry.live_docs.name, entry.documents)
