"""Removing documents: they are hidden at once, and their files go when segments are merged."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.arguments import path_of
from corpus_tuner.indexes.search.filters import Filter, compile_filter
from corpus_tuner.indexes.store.alive import Alive
from corpus_tuner.indexes.store.commit import commit, tidy
from corpus_tuner.indexes.store.documents import Digests
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.writing import changing
from corpus_tuner.indexes.vectors import Ordinals


def remove(
    index: str | Path, ids: Iterable[str] = (), *, filter: Filter | None = None
) -> list[str]:
    """Remove documents from an index.

    Parameters
    ----------
    index
        Its folder.
    ids
        Of documents; those that there are not are passed over.
    filter
        Documents that pass it are removed as well (`corpus_tuner.indexes.search.filters`).

    Returns
    -------
    The ids of the documents that were removed, in order.

    Raises
    ------
    SearchIndexError
        If there is no index, another is changing it, it cannot be written to, or the filter is
        none or asks for a field or a type that there is not.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.remove(example_index, ["no such document"])
    []
    """
    index = path_of(index, "index")
    condition = None if filter is None else compile_filter(filter)
    with changing(index, "the removal of documents") as manifest:
        segments = Segments.of(index, manifest)
        try:
            chosen = {ordinal for ordinal, _ in segments.find(ids).values()}
            if condition is not None:
                chosen.update(segments.matching(condition).tolist())
            gone = np.array(sorted(chosen), np.int64)
            removed = sorted(segments.ids(gone))
            if not removed:
                tidy(index, manifest)  # a kill behind the commit
                return []
            entries, alive = hide(manifest.segments, segments, gone)
        finally:
            segments.close()
        update = {"segments": entries, "changed": manifest.changed + len(removed)}
        commit(index, manifest.model_copy(update=update), alive=alive)
    return removed


def hide(
    before: Sequence[SegmentEntry], segments: Segments, gone: Ordinals
) -> tuple[tuple[SegmentEntry, ...], dict[str, Alive]]:
    """Return the entries of all segments without some documents, and the new bitmaps by name.

    Parameters
    ----------
    before, segments
        The segments: their entries, and as they are opened.
    gone
        Documents that are there, in ascending order.
    """
    entries = []
    bitmaps = {}
    parts = zip(before, segments.split(gone), segments.alive_by_segment(), strict=True)
    for entry, (segment, ordinals), standing in parts:
        if not len(ordinals):
            entries.append(entry)
            continue
        digests, views, counts = [], dict(entry.views), dict(entry.counts)
        for digest, own_counts, kinds in segment.counted(ordinals.tolist()):
            digests.append(digest)
            for total, own in ((views, kinds), (counts, own_counts)):
                for name, count in own.items():
                    total[name] = total.get(name, 0) - count
        if len(digests) != len(ordinals):
            raise SearchIndexError(f"segment {entry.name} has lost documents: build it again")
        alive = standing.copy()
        alive[ordinals] = False
        bitmaps[entry.name] = alive
        left = {
            "digest": Digests.removed(entry.digest, digests),
            "views": {kind: count for kind, count in views.items() if count},
            "counts": {name: count for name, count in counts.items() if count},
        }
        entries.append(entry.model_copy(update=left))
    return tuple(entries), bitmaps
