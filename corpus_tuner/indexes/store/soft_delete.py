"""Soft deletes: documents leave the live documents now, and the files when segments merge."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from heapq import nsmallest
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.arrays import write_array
from corpus_tuner.core.documents import remove_digests
from corpus_tuner.core.files import write_atomically
from corpus_tuner.indexes.filters import Condition, Filter, compile_filter
from corpus_tuner.indexes.store.commit import collect_garbage, commit
from corpus_tuner.indexes.store.manifest import (
    Manifest,
    SegmentEntry,
    read_manifest,
    sum_counts,
)
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.write_lock import lock_and_read_manifest
from corpus_tuner.indexes.vectors import Ordinals

NAMED = 10
"""Maximum number of deleted documents that are named."""


class Removal(NamedTuple):
    """Documents that were deleted, or would be.

    Attributes
    ----------
    matching
        Number of documents.
    documents
        Number of documents that the index had before.
    first
        Ids of the first `NAMED` of them, in order.
    missing
        Given ids that no document has.
    """

    matching: int
    documents: int
    first: Sequence[str]
    missing: Sequence[str]


def delete_documents(
    index: str | Path,
    ids: Iterable[str] = (),
    *,
    filter: Filter | None = None,
    dry_run: bool = False,
) -> Removal:
    """Soft-delete documents of an index, and leave its weights as they are.

    Parameters and errors are those of `corpus_tuner.remove`.

    Examples
    --------
    >>> delete_documents(example_index, filter={"id": "mill"}, dry_run=True)
    Removal(matching=1, documents=3, first=['mill'], missing=[])
    """
    index, ids = check_path(index, "index"), [*ids]
    condition = None if filter is None else compile_filter(filter)
    if dry_run:
        manifest = read_manifest(index)
        with closing(Segments.open(index, manifest)) as segments:
            return _select(segments, manifest, ids, condition)[1]
    with lock_and_read_manifest(index, "the removal of documents") as manifest:
        with closing(Segments.open(index, manifest)) as segments:
            gone, removal = _select(segments, manifest, ids, condition)
            if not removal.matching:
                collect_garbage(index, manifest)  # of a process that was killed after its commit
                return removal
            entries = soft_delete(manifest.segments, segments, gone, manifest.generation + 1)
        update = {"segments": entries, "changed": manifest.changed + removal.matching}
        commit(index, manifest.model_copy(update=update))
    return removal


def _select(
    segments: Segments, manifest: Manifest, ids: Sequence[str], condition: Condition | None
) -> tuple[Ordinals, Removal]:
    """Return the documents of some ids, and those that pass a filter."""
    named = segments.resolve_ids(ids)
    chosen = {ordinal for own in named.values() for ordinal in own}
    if condition is not None:
        chosen.update(segments.find_matching(condition).tolist())
    gone = np.array(sorted(chosen), np.int64)
    first = nsmallest(NAMED, segments.read_ids(gone))
    missing = sorted({*ids}.difference(named))
    return gone, Removal(len(gone), manifest.documents, first, missing)


def soft_delete(
    before: Sequence[SegmentEntry], segments: Segments, gone: Ordinals, generation: int
) -> list[SegmentEntry]:
    """Write the bitmaps of segments without some documents, and return the entries of all.

    Parameters
    ----------
    before, segments
        The segments: their entries, and as they are opened.
    gone
        Live documents, in ascending order.
    generation
        Generation of the commit that puts the entries in force.
    """
    entries = []
    for entry, folder, (start, end) in zip(
        before, segments.folders, pairwise(segments.edges), strict=True
    ):
        own = gone[(start <= gone) & (gone < end)]
        if not len(own):
            entries.append(entry)
            continue
        live_docs = segments.live_docs[start:end].copy()
        live_docs[own - start] = False
        file = folder / f"live_docs.{generation:06}.npy"
        with write_atomically(file) as opened:
            write_array(opened, live_docs.view(np.uint8))
        digests, counts = zip(*segments.read_counts(own), strict=True)
        left = {
            "live_documents": entry.live_documents - len(own),
            "counts": sum_counts([entry.counts], minus=counts),
            "digest": remove_digests(entry.digest, digests),
        }
        entries.append(entry.replace_file("live_docs", file).model_copy(update=left))
    return entries
