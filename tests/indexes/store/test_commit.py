"""One step: before it the old index is in force, after it the new one, and nothing is left over."""

import os
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.errors import CorpusTunerError, LockedError, SearchIndexError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store import commit as commit_module
from corpus_tuner.indexes.store.commit import collect_garbage, move_segment
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segment_writer import SEGMENT
from corpus_tuner.indexes.store.write_lock import create_index_folder, lock_index
from tests.indexes.indexing import Table, encoded, write_index

ENCODER = Table({"mill": np.ones(3, np.float32)})


def write(folder: Path, documents: int) -> None:
    write_index(folder, [encoded(n, "mill", np.ones((1, 3), np.float32)) for n in range(documents)])


def found(folder: Path) -> int:
    with Searcher.open(folder, encoder=ENCODER, checksums=True) as searcher:
        return len(searcher.search("mill", 100, collapse=False))


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("step", "after"),
    [("sync_folder", 3), ("write_manifest", 3), ("collect_garbage", 5)],
)
def test_a_kill_at_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    write(tmp_path, 3)

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(commit_module, step, killed)
        with pytest.raises(KilledError):
            write(tmp_path, 5)
    assert found(tmp_path) == after
    write(tmp_path, 7)
    assert found(tmp_path) == 7
    assert len(list((tmp_path / "segments").iterdir())) == 1
    assert not list(tmp_path.glob("building-*"))


def test_a_new_segment_has_a_number_that_none_has(tmp_path: Path) -> None:
    write(tmp_path, 3)
    (tmp_path / "segments" / "000007").mkdir()
    (tmp_path / "segments" / "notes").mkdir()
    (entry,) = read_manifest(tmp_path).segments
    (tmp_path / "working" / SEGMENT).mkdir(parents=True)
    assert move_segment(tmp_path, entry, tmp_path / "working").name == "000008"
    assert (tmp_path / "segments" / "000008").is_dir()


def test_garbage_is_what_the_manifest_does_not_name(tmp_path: Path) -> None:
    write(tmp_path, 3)
    (tmp_path / "segments" / "000999").mkdir()
    (tmp_path / f"building-{5:016x}").mkdir()
    collect_garbage(tmp_path, read_manifest(tmp_path))
    assert found(tmp_path) == 3
    assert len(list((tmp_path / "segments").iterdir())) == 1
    assert not list(tmp_path.glob("building-*"))


def test_only_one_may_change_an_index(tmp_path: Path) -> None:
    create_index_folder(tmp_path)
    (tmp_path / "manifest.json").touch()  # else there would be no folder left
    with (
        lock_index(tmp_path, "a long build"),
        pytest.raises(LockedError, match=rf"a long build \(process {os.getpid()} on .+, since "),
        lock_index(tmp_path, "another"),
    ):
        pass
    with lock_index(tmp_path, "the next"):
        pass
    assert {file.name for file in tmp_path.iterdir()} == {"manifest.json", "writer.lock"}


def test_only_folders_of_indexes_are_claimed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(SearchIndexError, match="has other contents than an index"):
        create_index_folder(tmp_path)
    with pytest.raises(SearchIndexError, match="is a file"):
        create_index_folder(tmp_path / "thesis.txt")
    with pytest.raises(CorpusTunerError, match="cannot create the folder"):
        create_index_folder(tmp_path / "thesis.txt" / "index")


def test_entries_that_others_left_stay_and_fail_nothing(tmp_path: Path) -> None:
    index, elsewhere = tmp_path / "index", tmp_path / "elsewhere"
    write(index, 3)
    elsewhere.mkdir()
    (elsewhere / "views.npy").write_text("of somebody else")
    strays = [index / "segments" / "000001" / "@eaDir", index / "old.new", index / "building-x"]
    for folder in strays:
        folder.mkdir()
    for link in (index / "notes", index / "segments" / ".snapshot"):
        link.symlink_to(elsewhere)
        strays.append(link)
    (index / "manifest.json.new").mkdir()  # cannot be removed as a file is
    collect_garbage(index, read_manifest(index))
    assert found(index) == 3
    assert all(stray.exists() for stray in strays)
    assert (elsewhere / "views.npy").read_text() == "of somebody else"
