"""Checking an index: whether its files are as they were written, and its documents fit them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.documents import add_digests, compute_digest
from corpus_tuner.core.files import concerns_file
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.model_files import list_encoder_files
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.layout import DOCUMENTS, Layout
from corpus_tuner.indexes.store.manifest import (
    Manifest,
    SegmentEntry,
    iter_segment_files,
    parse_manifest,
    sum_counts,
)
from corpus_tuner.indexes.store.segment_reader import Segment
from corpus_tuner.indexes.store.segments import load_live_docs

_AT_ONCE = 256  # documents


class Problem(NamedTuple):
    """Something that is wrong.

    Attributes
    ----------
    segment
        The name of the segment; nothing if it is the index as a whole.
    file
        File that is damaged.
    what
        Is wrong with it.
    """

    segment: str
    file: Path
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def check(index: str | Path) -> list[Problem]:
    """Read all of an index and tell what is wrong with it.

    The files, and those of the encoder, are compared with their checksums. Where those are right,
    documents are compared with their digests, and with what the manifest says of them.

    Parameters
    ----------
    index
        Folder of the index; nothing is written there.

    Raises
    ------
    SearchIndexError
        If there is no index, its manifest cannot be read, or its files may not be.

    Examples
    --------
    >>> check(example_index)
    []
    """
    index = check_path(index, "index")
    manifest = parse_manifest(index)
    problems = check_encoder(manifest)
    seen: dict[str, str] = {}
    for entry in manifest.segments:
        problems += list(_check_files(index, entry)) or _check_documents(index, entry, seen)
    return problems


def check_encoder(manifest: Manifest) -> list[Problem]:
    """Compare the files of the encoder of an index with their checksums."""
    stored = manifest.encoder.files
    name = manifest.encoder.name
    try:
        found = list_encoder_files(EncoderSettings.model_validate(manifest.encoder.settings))
    except SearchIndexError as error:
        return [Problem("", Path(name), str(error))] if stored else []
    problems = []
    for file, entry in stored.items():
        path = found.get(file, Path(name) / file)
        problem = entry.check_contents(path)
        if problem:
            what = f"{problem}, and the encoder of the index is read from it"
            problems.append(Problem("", path, what))
    return problems


def _check_files(index: Path, entry: SegmentEntry) -> Iterator[Problem]:
    for file, stored in iter_segment_files(index, [entry]):
        problem = stored.check_contents(file)
        if problem:
            yield Problem(entry.name, file, problem)


def _check_documents(index: Path, entry: SegmentEntry, seen: dict[str, str]) -> list[Problem]:
    """Return what does not fit in a segment whose files are as they were written."""
    folder = Layout(index).get_segment_folder(entry.name)
    try:
        living = np.flatnonzero(load_live_docs(folder, entry)).tolist()
        with closing(Segment(folder)) as segment:
            problems = list(_compare_documents(segment, entry, living, seen))
    except SearchIndexError as error:
        if not concerns_file(error.__cause__):
            raise
        return [Problem(entry.name, folder, str(error))]
    return [Problem(entry.name, folder / DOCUMENTS, what) for what in problems]


def _compare_documents(
    segment: Segment, entry: SegmentEntry, living: list[int], seen: dict[str, str]
) -> Iterator[str]:
    """Yield what does not fit of documents and views; `seen` has the segments of earlier ids."""
    total = len(segment.read_digests())
    if total != entry.documents:
        yield f"it has {format_count(total, 'document')}, and should have {entry.documents:,}"
    digest = ""
    counts: dict[str, int] = {}
    for chunk in split_into_chunks(living, _AT_ONCE):
        for stored in segment.read_stored(chunk).values():
            id_ = stored.document.id
            if stored.digest != compute_digest(stored.document):
                yield f"document {id_!r} is not what was written"
            if id_ in seen:
                yield f"document {id_!r} is in segment {seen[id_]} as well"
            seen[id_] = entry.name
            if stored.views[0].kind != "passage":
                yield f"document {id_!r} has no passage"
            digest = add_digests(digest, [stored.digest])
            counts = sum_counts([counts, stored.counts])
    if digest != entry.digest:
        yield "its documents are not those that the manifest names"
    if counts != entry.counts:
        yield "its counts are not those that the manifest names"
