"""Checking an index: whether its files are as they were written, and fit each other."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.documents import Digests, compute_digest
from corpus_tuner.core.files import concerns_file
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.model_files import list_encoder_files
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings, extract_terms
from corpus_tuner.indexes.lexical.postings import Keys, Postings, hash_terms
from corpus_tuner.indexes.representations import Representation, Storage, read_representation
from corpus_tuner.indexes.store.layout import DOCUMENTS, Layout
from corpus_tuner.indexes.store.manifest import (
    Manifest,
    SegmentEntry,
    check_contents,
    iter_segment_files,
    parse_manifest,
    sum_counts,
)
from corpus_tuner.indexes.store.segment_reader import Segment
from corpus_tuner.indexes.store.segments import load_live_docs
from corpus_tuner.indexes.vectors.ann import AnnIndex
from corpus_tuner.indexes.vectors.dense_index import DenseIndex
from corpus_tuner.indexes.vectors.rows import StoredRows, vectors_file

_AT_ONCE = 1_024  # documents
_LONGER: dict[Storage, float] = {"float32": 1e-4, "float16": 2e-3, "int8": 5e-2}
"""Tolerance of the norm of a vector, by storage type."""


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

    Compared are the files, and those of the encoder, with their checksums, and then, where those
    are right, what is in them: ids, counts and digests of documents, bitmaps, lengths of vectors,
    and terms with the texts that they are of.

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
        found = list(_check_files(index, entry))
        if not found:
            found = list(_check_contents(index, manifest, entry, seen))
        problems += found
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
        problem = check_contents(path, entry)
        if problem:
            what = f"{problem}, and the encoder of the index is read from it"
            problems.append(Problem("", path, what))
    return problems


def _check_files(index: Path, entry: SegmentEntry) -> Iterator[Problem]:
    for file, stored in iter_segment_files(index, [entry]):
        problem = check_contents(file, stored)
        if problem:
            yield Problem(entry.name, file, problem)


def _check_contents(
    index: Path, manifest: Manifest, entry: SegmentEntry, seen: dict[str, str]
) -> Iterator[Problem]:
    """Yield what does not fit in a segment whose files are as they were written."""
    folder = Layout(index).get_segment_folder(entry.name)
    try:
        live_docs = load_live_docs(folder, entry)
        if int(live_docs.sum()) != entry.live_documents:
            yield Problem(entry.name, folder, f"its bitmap has {live_docs.sum()} documents")
        with closing(Segment(folder)) as segment:
            documents = folder / DOCUMENTS
            for what in _check_documents(segment, entry, np.flatnonzero(live_docs).tolist(), seen):
                yield Problem(entry.name, documents, what)
            for values in manifest.representations.values():
                how = read_representation(values)
                dense = DenseIndex([folder], how, manifest.encoder.dimension, live_docs)
                for what in _check_vectors(dense, how):
                    yield Problem(entry.name, vectors_file(folder, how.name), what)
            if entry.ann_index:
                file = folder / entry.ann_index.name
                for what in _check_ann_index(manifest, folder, file):
                    yield Problem(entry.name, file, what)
            for ranker in manifest.lexical.rankers if manifest.lexical else ():
                assert manifest.lexical
                postings = Postings(folder, ranker)
                for what in _check_terms(segment, entry, postings, manifest.lexical, ranker):
                    yield Problem(entry.name, folder / f"{ranker}.*.npy", what)
    except SearchIndexError as error:
        if not concerns_file(error.__cause__):
            raise
        yield Problem(entry.name, folder, str(error))


def _check_documents(
    segment: Segment, entry: SegmentEntry, living: list[int], seen: dict[str, str]
) -> Iterator[str]:
    """Yield what does not fit of documents and views."""
    total = len(segment.read_digests())
    if total != entry.documents:
        yield f"it has {total:,} documents, and should have {entry.documents:,}"
    digest = ""
    views: list[dict[str, int]] = []
    counts: list[dict[str, int]] = []
    for stored in segment.read_stored(living):
        id_ = stored.document.id
        if stored.digest != compute_digest(stored.document):
            yield f"document {id_!r} is not what was written"
        if id_ in seen:
            yield f"document {id_!r} is in segment {seen[id_]} as well"
        seen[id_] = entry.name
        if not stored.views or stored.views[0].kind != "passage":
            yield f"document {id_!r} has no passage"
        digest = Digests.add(digest, [stored.digest])
        kinds = [view.kind for view in stored.views]
        views.append({kind: kinds.count(kind) for kind in kinds})
        counts.append(stored.counts)
    if Digests.join([digest]) != Digests.join([entry.digest]):
        yield "its documents are not those that the manifest names"
    if sum_counts(views) != sum_counts([entry.views]) or sum_counts(counts) != sum_counts(
        [entry.counts]
    ):
        yield "its views and counts are not those that the manifest names"


def _check_vectors(dense: DenseIndex, representation: Representation) -> Iterator[str]:
    """Yield what does not fit of vectors."""
    for start in range(0, dense.documents, _AT_ONCE):
        every = np.arange(start, min(start + _AT_ONCE, dense.documents))
        lengths = np.linalg.norm(dense.vectors(every)[0].astype(np.float64), axis=1)
        if not np.isfinite(lengths).all():
            yield f"vectors of documents {start:,} to {every[-1]:,} are no numbers"
        elif (lengths > 1 + _LONGER[representation.storage]).any() or not (lengths > 0).all():
            yield f"vectors of documents {start:,} to {every[-1]:,} have no length of 1 or less"


def _check_ann_index(manifest: Manifest, folder: Path, file: Path) -> Iterator[str]:
    """Yield what is wrong with the ANN index of a segment."""
    how = read_representation(manifest.representations[manifest.representation])
    vectors = manifest.vectors
    try:
        rows = StoredRows(vectors_file(folder, how.name), manifest.encoder.dimension, how.storage)
        AnnIndex(rows, file, vectors.settings.index, vectors.parameters)
    except SearchIndexError as error:
        yield str(error)


def _check_terms(
    segment: Segment,
    entry: SegmentEntry,
    postings: Postings,
    lexical: LexicalSettings,
    ranker: LexicalRanker,
) -> Iterator[str]:
    """Yield what does not fit of terms: they are counted again in the documents' texts."""
    if len(postings.lengths) != entry.documents:
        yield f"they are of {len(postings.lengths):,} documents"
        return
    # A document's terms are a sum over its postings, so that their order does not matter.
    found = np.zeros(entry.documents, np.uint64)
    for block in postings.read_blocks():
        if len(block) and not 0 <= block["document"].min() <= block["document"].max() < len(found):
            yield "they name documents that there are not"
            return
        counts = block["count"]
        np.add.at(found, block["document"], _mix_terms(block["key"], counts))
    for start in range(0, entry.documents, _AT_ONCE):
        ordinals = range(start, min(start + _AT_ONCE, entry.documents))
        texts = (
            lexical.join_text(one.document, one.views) for one in segment.read_stored(ordinals)
        )
        for ordinal, own in zip(ordinals, extract_terms(ranker, list(texts), lexical), strict=True):
            keys, counts = np.unique(hash_terms(own.terms), return_counts=True)
            if own.length != postings.lengths[ordinal]:
                yield f"the length of document {ordinal:,} does not fit its text"
                return
            if _mix_terms(keys, counts).sum(dtype=np.uint64) != found[ordinal]:
                yield f"they are not those of document {ordinal:,}"
                return


def _mix_terms(keys: Keys, counts: npt.NDArray[np.integer[Any]]) -> Keys:
    """Return a number for every term and its count; sums of these differ where terms do."""
    mixed = keys * np.uint64(0x9E3779B97F4A7C15) + counts.astype(np.uint64)
    mixed ^= mixed >> np.uint64(29)
    return np.asarray(mixed * np.uint64(0xBF58476D1CE4E5B9))
