"""One writer at a time, whoever removes the folder of an index that has not come to be."""

from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from corpus_tuner.errors import LockedError, SearchIndexError
from corpus_tuner.indexes.store import write_lock
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.write_lock import lock_index


def test_an_empty_folder_goes_with_its_lock(tmp_path: Path) -> None:
    index = tmp_path / "index"
    write_lock.create_index_folder(index)
    with (
        write_lock.lock_index(index, "a build"),
        pytest.raises(LockedError, match=r"a build .* at work"),
        write_lock.lock_index(index, "another"),
    ):
        pass
    assert not index.exists()


def test_a_lock_whose_file_was_removed_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    write_lock.create_index_folder(index)
    acquire = FileLock.acquire
    removed: list[Path] = []

    def acquire_what_another_removes(lock: FileLock, *given: Any, **options: Any) -> Any:
        acquired = acquire(lock, *given, **options)
        if not removed:  # the one who had it before finishes now
            removed.append(Path(lock.lock_file))
            Path(lock.lock_file).unlink()
            index.rmdir()
        return acquired

    monkeypatch.setattr(FileLock, "acquire", acquire_what_another_removes)
    with write_lock.lock_index(index, "a build"):
        assert Layout(index).lock.exists()
        with pytest.raises(LockedError), write_lock.lock_index(index, "another"):
            pass
    assert removed


def test_an_index_with_a_link_is_not_changed(tmp_path: Path) -> None:
    index, elsewhere = tmp_path / "index", tmp_path / "elsewhere"
    (index / "segments").mkdir(parents=True)
    elsewhere.mkdir()
    (index / "segments" / "000001").symlink_to(elsewhere)
    with pytest.raises(SearchIndexError, match=r"000001 is a link"), lock_index(index, "a test"):
        pass


def test_the_description_of_the_process_does_not_follow_a_link(tmp_path: Path) -> None:
    index, precious = tmp_path / "index", tmp_path / "precious"
    index.mkdir()
    (index / "manifest.json").touch()
    precious.write_text("as it was")
    (index / "writer.json").symlink_to(precious)
    with lock_index(index, "a test"):
        assert "a test" in (index / "writer.json").read_text()
    assert precious.read_text() == "as it was"
