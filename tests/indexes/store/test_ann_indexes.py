"""Segments get the ANN indexes that they lack, and no others."""

from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.indexes.representations import passage
from corpus_tuner.indexes.store.ann_indexes import (
    commit_missing,
    find_missing,
    write_ann_indexes,
)
from corpus_tuner.indexes.store.commit import collect_garbage
from corpus_tuner.indexes.store.manifest import Manifest, VectorSearchEntry, read_manifest
from corpus_tuner.indexes.vectors.ann import VectorSettings
from tests.indexes.indexing import encoded, write_index

SETTINGS = VectorSettings(index="hnsw", min_rows=20)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """An index of one segment, of ten vectors."""
    vectors = np.eye(4, dtype=np.float32)
    every = [encoded(number, "mill", vectors[[number % 4]]) for number in range(10)]
    return write_index(tmp_path, every, passage.Settings())


def add_vector_settings(manifest: Manifest, settings: VectorSettings) -> Manifest:
    entry = VectorSearchEntry(settings=settings, recall=0.5, queries=7)
    return manifest.model_copy(update={"vectors": entry})


def test_small_segments_lack_none(manifest: Manifest) -> None:
    assert find_missing(manifest, SETTINGS) == []
    assert find_missing(manifest, VectorSettings()) == []
    assert find_missing(manifest, VectorSettings(index="hnsw", min_rows=10)) == [*manifest.segments]


def test_missing_ones_are_written_and_committed_to_be_measured(
    tmp_path: Path, manifest: Manifest
) -> None:
    small = VectorSettings(index="hnsw", min_rows=10)
    done = commit_missing(tmp_path, add_vector_settings(manifest, small))
    assert read_manifest(tmp_path) == done
    assert [entry.ann_index is not None for entry in done.segments] == [True]
    assert (done.vectors.recall, done.vectors.queries) == (None, None)
    assert commit_missing(tmp_path, done) is done


def test_what_is_not_committed_is_garbage(tmp_path: Path, manifest: Manifest) -> None:
    small = VectorSettings(index="hnsw", min_rows=10)
    before = read_manifest(tmp_path)
    written = write_ann_indexes(tmp_path, manifest, small)
    entry = written.segments[0].ann_index
    assert entry
    (file,) = tmp_path.rglob(entry)
    collect_garbage(tmp_path, before)
    assert not file.exists()


def test_an_index_of_another_kind_is_written_again(tmp_path: Path, manifest: Manifest) -> None:
    small = VectorSettings(index="hnsw", min_rows=10)
    done = commit_missing(tmp_path, add_vector_settings(manifest, small))
    assert find_missing(done, VectorSettings(index="ivf_sq8", min_rows=10)) == [*done.segments]
    without = write_ann_indexes(tmp_path, done, VectorSettings())
    assert without.segments[0].ann_index is None
