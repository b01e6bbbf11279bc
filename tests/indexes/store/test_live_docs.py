"""Bitmaps of live documents."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.live_docs import read_bitmap, write_bitmap


@given(st.lists(st.booleans(), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bitmap_is_read_as_it_was_written(tmp_path: Path, live: list[bool]) -> None:
    file = tmp_path / "live_docs.npy"
    write_bitmap(file, np.array(live, bool))
    assert read_bitmap(file, len(live)).tolist() == live


def test_the_first_document_is_the_lowest_bit(tmp_path: Path) -> None:
    write_bitmap(tmp_path / "one.npy", np.array([True, *[False] * 8, True]))
    assert np.load(tmp_path / "one.npy").tolist() == [1, 2]


@pytest.mark.parametrize("documents", [8, 17])
def test_a_bitmap_of_other_documents_is_refused(tmp_path: Path, documents: int) -> None:
    write_bitmap(tmp_path / "one.npy", np.ones(9, bool))
    with pytest.raises(SearchIndexError, match=f"is no bitmap of {documents} documents"):
        read_bitmap(tmp_path / "one.npy", documents)
