"""Documents that are removed are hidden, and the entries of segments follow."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.check import check
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segments import Segments, load_live_docs
from corpus_tuner.indexes.store.soft_delete import Removal, delete_documents, soft_delete
from tests.indexes.indexing import encoded, write_index


@pytest.fixture
def index(tmp_path: Path) -> Path:
    vectors = np.eye(3, dtype=np.float32)
    every = [
        encoded(n, "mill", vectors[: 1 + n % 2])._replace(counts={"written": n}) for n in range(12)
    ]
    write_index(tmp_path, every, segments=2)
    return tmp_path


def test_ids_and_filters_are_removed_together(index: Path) -> None:
    before = read_manifest(index)
    removal = delete_documents(index, ["d3", "no", "d3"], filter={"number": {"gte": 10}})
    assert removal == Removal(3, 12, ["d10", "d11", "d3"], ["no"])
    after = read_manifest(index)
    assert (after.documents, after.changed, after.generation) == (9, 3, before.generation + 1)
    assert check(index) == []


def test_entries_are_those_of_what_is_left(index: Path) -> None:
    before = read_manifest(index)
    gone = np.array([1, 2, 11])
    with closing(Segments.open(index, before)) as segments:
        entries = soft_delete(before.segments, segments, gone, before.generation + 1)
    assert [entry.counts for entry in entries] == [
        {"view: passage": 4, "view: sentence": 2, "written": 12},
        {"view: passage": 5, "view: sentence": 2, "written": 40},
    ]
    folders = [index / "segments" / entry.name for entry in entries]
    deleted = [~load_live_docs(*pair) for pair in zip(folders, entries, strict=True)]
    assert [own.nonzero()[0].tolist() for own in deleted] == [[1, 2], [5]]


def test_segments_that_lose_nothing_stay_as_they_are(index: Path) -> None:
    first, second = read_manifest(index).segments
    delete_documents(index, ["d0"])
    own, other = read_manifest(index).segments
    assert own.live_docs
    assert own.digest != first.digest
    assert other == second


def test_a_dry_run_changes_nothing(index: Path) -> None:
    before = read_manifest(index)
    assert delete_documents(index, ["d1"], dry_run=True) == Removal(1, 12, ["d1"], [])
    assert read_manifest(index) == before


def test_what_is_gone_cannot_be_removed_again(index: Path) -> None:
    delete_documents(index, ["d1"])
    before = read_manifest(index)
    assert delete_documents(index, ["d1"]) == Removal(0, 11, [], ["d1"])
    assert read_manifest(index) == before


def test_all_documents_may_be_removed_over_time(index: Path) -> None:
    assert delete_documents(index, (f"d{n}" for n in range(11))).matching == 11
    assert delete_documents(index, filter={"number": 11}).first == ["d11"]
    manifest = read_manifest(index)
    assert manifest.documents == 0
    assert manifest.segments == ()  # what has no documents is dropped


def test_a_filter_with_an_unknown_field_removes_nothing(index: Path) -> None:
    with pytest.raises(SearchIndexError, match="no document has the field 'numbre'"):
        delete_documents(index, ["d1"], filter={"numbre": 1})
    assert read_manifest(index).documents == 12
