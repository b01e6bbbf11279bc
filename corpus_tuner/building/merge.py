"""Merging: several segments become one, without what is gone, and nothing is encoded again.

When it is due follows the way of Lucene: the smallest segments are merged, and with them every
next one that is no larger than those before it together, so that a document is copied about once
every time that the index doubles, until its segment is large enough.
"""

import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arguments import check_path
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.postings import Postings, merge_postings
from corpus_tuner.indexes.representations import Representation, read_representation
from corpus_tuner.indexes.store.ann_indexes import commit_missing
from corpus_tuner.indexes.store.commit import collect_garbage, commit, move_segment
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, SegmentEntry, read_manifest, verify
from corpus_tuner.indexes.store.segment_writer import SegmentRows, write_segment
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.write_lock import lock_and_read_manifest
from corpus_tuner.indexes.vectors.dense_index import DenseIndex

MOST_SEGMENTS = 8
"""So many there may be that are not `LARGE`."""
LARGE = 32_768
"""Documents: a segment that has so many is large enough. It is merged only where too many of its
documents are gone, as in Lucene one of five gigabytes."""
MOST_DEAD = 0.2
"""Share of a segment's documents that may be gone before it is written anew."""
_AT_ONCE = 1_024  # documents


def find_due_segments(manifest: Manifest) -> list[SegmentEntry]:
    """Return the segments that are to be merged into one; none if all is well."""
    mostly_dead = [entry for entry in manifest.segments if entry.deleted_share > MOST_DEAD]
    small = [entry for entry in manifest.segments if entry.live_documents < LARGE]
    others = sorted(
        (entry for entry in small if entry not in mostly_dead),
        key=lambda entry: (entry.live_documents, entry.name),
    )
    chosen = mostly_dead
    too_many = len(small) - MOST_SEGMENTS
    for entry in others if too_many > 0 else ():
        size = sum(one.live_documents for one in chosen)
        if len(chosen) > too_many and entry.live_documents > size:
            break
        chosen = [*chosen, entry]
    return [entry for entry in manifest.segments if entry in chosen]


def merge_segments(index: Path, manifest: Manifest, entries: Sequence[SegmentEntry]) -> Manifest:
    """Make one segment of some, in the order of the manifest, and put it in force.

    Raises
    ------
    SearchIndexError
        If one of them is damaged.
    """
    if not entries:
        return manifest
    verify(index, entries)  # what is damaged must not be copied under a checksum of its own
    working = Layout(index).merging
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir()
    representations = [read_representation(each) for each in manifest.representations.values()]
    segments = Segments.open(index, manifest.model_copy(update={"segments": tuple(entries)}))
    try:
        merged = write_segment(
            _MergeSource(segments, manifest.encoder.dimension),
            working,
            representations,
            manifest.encoder.dimension,
            manifest.lexical.rankers if manifest.lexical else (),
        )
    finally:
        segments.close()
    left = tuple(entry for entry in manifest.segments if entry not in entries)
    merged = move_segment(index, merged, working)
    return commit(index, manifest.model_copy(update={"segments": (*left, merged)}))


def merge(index: str | Path) -> Manifest:
    """Make one segment of all of an index, without what was removed.

    Raises
    ------
    SearchIndexError
        If there is no index, one of its files is damaged, or another is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> len(ct.merge(example_index).segments)
    1
    """
    index = check_path(index, "index")
    with lock_and_read_manifest(index, "a merge") as manifest:
        whole = len(manifest.segments) <= 1 and not any(
            one.deleted_share for one in manifest.segments
        )
        if whole:
            collect_garbage(index, manifest)  # a kill behind the commit
            return manifest
        manifest = merge_segments(index, manifest, manifest.segments)
        return commit_missing(index, manifest)


def merge_due_segments(index: Path) -> bool:
    """Merge segments of an index if that is due; return whether it was.

    Raises
    ------
    SearchIndexError
        If there is no index, one of its files is damaged, or another process is changing it.
    """
    if not find_due_segments(read_manifest(index)):
        return False
    with lock_and_read_manifest(index, "a merge") as manifest:
        merged = merge_segments(index, manifest, find_due_segments(manifest))
        commit_missing(index, merged)
    return True


class _MergeSource:
    """The documents of some segments that are still there."""

    def __init__(self, segments: Segments, dimension: int) -> None:
        self._segments = segments
        self._dimension = dimension
        self._living = np.flatnonzero(segments.live_docs)

    def read_stored(self) -> Iterator[StoredDocument]:
        """Yield the documents, with all that is stored of them."""
        for start in range(0, len(self._living), _AT_ONCE):
            yield from self._segments.read_stored(self._living[start : start + _AT_ONCE])

    def read_rows(self, representation: Representation) -> SegmentRows:
        """Return the rows of a representation."""
        dense = self._segments.open_dense(representation, self._dimension)
        views, starts = dense.row_views(self._living)
        counts = np.diff(starts, append=len(views))
        return SegmentRows(counts, views, self._vectors(dense))

    def _vectors(self, dense: DenseIndex) -> Iterator[Vectors]:
        for start in range(0, len(self._living), _AT_ONCE):
            yield dense.vectors(self._living[start : start + _AT_ONCE])[0]

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the postings that a lexical ranker needs."""
        merge_postings(
            [
                (Postings(source, ranker), self._find_live_windows(start, end))
                for source, (start, end) in zip(
                    self._segments.folders, pairwise(self._segments.edges), strict=True
                )
            ],
            folder,
            ranker,
        )

    def _find_live_windows(self, start: int, end: int) -> npt.NDArray[np.bool_]:
        return np.repeat(self._segments.live_docs[start:end], self._segments.windows[start:end])
