"""Records and files that were left out of an index, as it stores them."""

from pathlib import Path

import pytest

from corpus_tuner.building.skipped import read_skipped, store_skipped
from corpus_tuner.corpora.skipped_records import Skipped
from corpus_tuner.indexes.store.layout import Layout

EMPTY = Skipped(reason="empty files", repaired=False, count=2, named=("a.txt", "Mühle.txt"))
BAD = Skipped(reason="not UTF-8", repaired=True, count=1, named=("b.txt",))


def test_what_is_stored_is_read_again(tmp_path: Path) -> None:
    assert read_skipped(tmp_path) == {}
    assert store_skipped(tmp_path, "notes", [EMPTY, BAD])
    assert read_skipped(tmp_path) == {"notes": (EMPTY, BAD)}
    assert not store_skipped(tmp_path, "notes", [EMPTY, BAD])
    assert "Mühle.txt" in Layout(tmp_path).skipped.read_text(encoding="utf-8")


def test_an_addition_leaves_what_is_stored_of_other_corpora(tmp_path: Path) -> None:
    store_skipped(tmp_path, "notes", [EMPTY])
    assert store_skipped(tmp_path, "more", [BAD], whole=False)
    assert read_skipped(tmp_path) == {"notes": (EMPTY,), "more": (BAD,)}
    assert store_skipped(tmp_path, "more", [], whole=False)
    assert read_skipped(tmp_path) == {"notes": (EMPTY,)}
    assert store_skipped(tmp_path, "more", [BAD])
    assert read_skipped(tmp_path) == {"more": (BAD,)}


@pytest.mark.parametrize("content", ["", "[]", '{"notes": [{"reason": 3}]}', "\x00"])
def test_a_damaged_list_is_an_empty_one(tmp_path: Path, content: str) -> None:
    store_skipped(tmp_path, "notes", [EMPTY])
    Layout(tmp_path).skipped.write_text(content, encoding="utf-8")
    assert read_skipped(tmp_path) == {}
    assert store_skipped(tmp_path, "notes", [EMPTY])
