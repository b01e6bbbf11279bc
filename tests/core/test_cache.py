"""What is costly to have again is kept, whole or not at all."""

import multiprocessing
import os
from pathlib import Path

import pytest

from corpus_tuner.core.cache import ensure_cached, find_cached


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path))
    return tmp_path


def make(new: Path) -> None:
    (new / "model").write_bytes(b"weights")


def make_and_be_killed(new: Path) -> None:
    (new / "model").write_bytes(b"weig")
    (new.parent / "original").write_bytes(b"weights")
    os._exit(9)


@pytest.mark.parametrize("sums", ["{}", "[]", "null", "3", '{"model": "0"}', "{"])
def test_a_copy_without_right_sums_is_made_again(sums: str) -> None:
    made = ensure_cached("name", make)
    assert find_cached("name") == made
    (made / "sha256.json").write_text(sums)
    assert find_cached("name") is None
    assert ensure_cached("name", make) == find_cached("name") == made


def test_a_file_that_was_not_written_is_found() -> None:
    made = ensure_cached("name", make)
    (made / "other").touch()
    assert find_cached("name") is None


def test_what_a_kill_leaves_is_taken_away(folder: Path) -> None:
    killed = multiprocessing.get_context("fork").Process(
        target=ensure_cached, args=("name", make_and_be_killed)
    )
    killed.start()
    killed.join()
    assert killed.exitcode == 9
    made = ensure_cached("name", make)
    assert {path.name for path in folder.iterdir()} == {"name", "name.lock"}
    assert (made / "model").read_bytes() == b"weights"
