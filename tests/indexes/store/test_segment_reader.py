"""One segment, opened for reading."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.errors import DamagedError, SearchIndexError
from corpus_tuner.indexes.filters import compile_filter
from corpus_tuner.indexes.filters.fields import Field
from corpus_tuner.indexes.store.layout import DOCUMENTS
from corpus_tuner.indexes.store.reader_lock import has_readers
from corpus_tuner.indexes.store.segment_reader import Segment
from tests.indexes.indexing import encoded, write_index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A segment of three documents, of one, two and three views."""
    documents = [
        encoded(number, f"text {number}", np.ones((number + 1, 3), np.float32), "passage")
        for number in range(3)
    ]
    write_index(tmp_path, documents)
    return tmp_path / "segments" / "000001"


@pytest.fixture
def segment(folder: Path) -> Iterator[Segment]:
    with closing(Segment(folder)) as opened:
        yield opened


def test_documents_are_read_by_ordinal(segment: Segment) -> None:
    assert segment.read_ids([2, 0, 9]) == {0: "d0", 2: "d2"}
    assert segment.read_documents([1])[1].text == "text 1"
    assert [one.document.id for one in segment.read_stored([2, 0]).values()] == ["d0", "d2"]
    assert [(id_, ordinal) for id_, ordinal, _ in segment.find_ids(["d1", "no"])] == [("d1", 1)]
    assert [ordinal for ordinal, _ in segment.read_digests()] == [0, 1, 2]
    assert segment.find_matching(compile_filter({"number": {"gt": 0}})).tolist() == [1, 2]
    assert segment.read_fields() == {"number": Field(3, {"number": 3})}


def test_views_are_read_in_order(segment: Segment) -> None:
    stored = segment.read_stored([2])[2]
    assert [view.text for view in stored.views] == ["view 0", "view 1", "view 2"]
    assert segment.read_counts([2]) == {2: (stored.digest, {"view: passage": 3})}


def test_readers_hold_it_until_they_close_it(folder: Path) -> None:
    pytest.importorskip("fcntl")
    opened = Segment(folder)
    assert has_readers(folder)
    opened.close()
    assert not has_readers(folder)
    with pytest.raises(SearchIndexError, match="the searcher is closed"):
        opened.read_ids([0])


def test_a_segment_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SearchIndexError, match=r"cannot read .*documents\.sqlite"):
        Segment(tmp_path)


@pytest.mark.parametrize("column", ["metadata", "counts"])
def test_damaged_columns_are_named(folder: Path, column: str) -> None:
    with closing(sqlite3.connect(folder / DOCUMENTS)) as database:
        database.execute(f"UPDATE documents SET {column} = '{{'")
        database.commit()
    with (
        closing(Segment(folder)) as damaged,
        pytest.raises(DamagedError, match=r"documents\.sqlite is damaged \("),
    ):
        damaged.read_stored([0])


def test_a_file_that_is_no_database_is_damaged(folder: Path) -> None:
    (folder / DOCUMENTS).write_bytes(b"no database" * 100)
    with closing(Segment(folder)) as damaged, pytest.raises(DamagedError, match="is damaged"):
        damaged.read_ids([0])
