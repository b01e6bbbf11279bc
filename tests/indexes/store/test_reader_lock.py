"""Locks of readers on segments."""

from pathlib import Path

import pytest

from corpus_tuner.indexes.store.reader_lock import ReaderLock, has_readers

pytest.importorskip("fcntl")


def test_a_segment_has_readers_until_the_last_one_lets_go(tmp_path: Path) -> None:
    assert not has_readers(tmp_path)
    first, second = ReaderLock(tmp_path), ReaderLock(tmp_path)
    assert has_readers(tmp_path)
    first.release()
    assert has_readers(tmp_path)
    second.release()
    second.release()
    assert not has_readers(tmp_path)


def test_a_segment_that_is_gone_has_no_readers(tmp_path: Path) -> None:
    lock = ReaderLock(tmp_path / "gone")
    assert not has_readers(tmp_path / "gone")
    lock.release()
