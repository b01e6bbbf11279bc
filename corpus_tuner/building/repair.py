"""Checking an index with its ledger, and making anew what is damaged."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.building.add import reopen_recipe
from corpus_tuner.building.pipeline import update
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.corpora import Corpus, CorpusSettings
from corpus_tuner.encoders import Encoder
from corpus_tuner.errors import CorpusTunerError, SearchIndexError
from corpus_tuner.generation.ledger import find_ledger_problem
from corpus_tuner.indexes.store.ann_indexes import commit_missing
from corpus_tuner.indexes.store.check import Problem
from corpus_tuner.indexes.store.check import check as check_index
from corpus_tuner.indexes.store.commit import collect_garbage, commit
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import SegmentEntry, parse_manifest
from corpus_tuner.indexes.store.segment_reader import Segment
from corpus_tuner.indexes.store.segments import load_live_docs
from corpus_tuner.indexes.store.write_lock import lock_index


class Repair(NamedTuple):
    """What was damaged, and what was done about it.

    Attributes
    ----------
    problems
        Problems that were found.
    rebuilt
        Number of documents that were indexed again.
    lost
        Number of documents that cannot be read any more; a build of the corpus restores them.
    ann_indexes
        Number of ANN indexes that were built again.
    """

    problems: Sequence[Problem]
    rebuilt: int
    lost: int
    ann_indexes: int = 0


def check(index: str | Path, *, ledger: str | Path | None = None) -> list[Problem]:
    """Read all of an index and its ledger, and tell what is wrong with them.

    Parameters
    ----------
    index
        Folder of the index.
    ledger
        The file of the ledger that the index was built with; by default the one in `index`.

    Raises
    ------
    SearchIndexError
        If there is no index, or its manifest cannot be read.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.check(example_index)
    []
    """
    problems = check_index(index)
    file = Path(ledger or Layout(check_path(index, "index")).ledger)
    problem = find_ledger_problem(file)
    return [*problems, Problem("", file, problem)] if problem else problems


def repair(
    index: str | Path,
    *,
    encoder: Encoder | None = None,
    ledger: str | Path | None = None,
    trust_remote_code: bool = False,
) -> Repair:
    """Repair an index: index the documents of damaged segments again.

    All documents of a segment with a damaged file that can still be read are encoded again, unless
    the file is its ANN index, which is built from the vectors. A damaged ledger is moved aside, so
    that a new one begins.

    Parameters
    ----------
    index
        Folder of the index.
    encoder
        The one that the index was built with, if it is open already.
    ledger
        The file of the ledger that the index was built with, so that nothing is generated again; by
        default the one in `index`.
    trust_remote_code
        Run Python that comes with models.

    Raises
    ------
    CorpusTunerError
        If it cannot be known which documents are still there, or a model is another one now.
    SearchIndexError
        If there is no index, its manifest cannot be read, or another is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.repair(example_index)
    Repair(problems=[], rebuilt=0, lost=0, ann_indexes=0)
    """
    index = check_path(index, "index")
    parse_manifest(index)  # before anything is written there
    with lock_index(index, "a repair"):
        manifest = parse_manifest(index)
        file = Path(ledger or Layout(index).ledger)
        problems = check(index, ledger=file)
        if any(problem.file == file for problem in problems):
            file.replace(file.with_suffix(".damaged"))
        intact: list[SegmentEntry] = []
        damaged: list[SegmentEntry] = []
        ann_indexes = 0
        for entry in manifest.segments:
            files = {one.file.name for one in problems if one.segment == entry.name}
            if files == {entry.ann_index}:
                ann_indexes += 1
                intact.append(entry.replace_file("ann_index", None))
            else:
                (damaged if files else intact).append(entry)
        documents = [one for entry in damaged for one in _read_intact_documents(index, entry)]
        left = manifest.model_copy(update={"segments": tuple(intact)})
        if documents:
            corpus = Corpus(documents, CorpusSettings())
            opened = reopen_recipe(index, left, corpus, encoder, trust_remote_code)
            left, *_ = update(index, corpus, opened, left, file, whole=False)
        elif damaged:
            left = commit(index, left)
        else:
            collect_garbage(index, manifest)  # of a change that was killed after its commit
        commit_missing(index, left)
        lost = sum(entry.live_documents for entry in damaged) - len(documents)
    return Repair(problems, len(documents), lost, ann_indexes)


def _read_intact_documents(index: Path, entry: SegmentEntry) -> Iterator[Document]:
    """Yield the documents of a segment that are still as they were written.

    Raises
    ------
    CorpusTunerError
        If its bitmap is damaged: what was removed must not come back.
    """
    folder = Layout(index).get_segment_folder(entry.name)
    try:
        live_docs = load_live_docs(folder, entry)
    except SearchIndexError as error:
        raise CorpusTunerError(
            f"which documents of {folder} were removed is not known any more: run corpus-tuner "
            "build on the corpus, which makes the index anew"
        ) from error
    try:
        segment = Segment(folder)
    except SearchIndexError:
        return
    with closing(segment):
        for ordinal in np.flatnonzero(live_docs).tolist():
            try:
                stored = segment.read_stored([ordinal])[ordinal]
            except (SearchIndexError, KeyError):
                continue
            if stored.digest == compute_digest(stored.document):
                yield stored.document
