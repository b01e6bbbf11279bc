"""Files that are whole or not there."""

import errno
from pathlib import Path

import pytest

from corpus_tuner.core.files import create_folder, hash_file, write_atomically, write_text
from corpus_tuner.errors import CorpusTunerError


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")
    with (
        pytest.raises(CorpusTunerError, match=r"cannot write .*file: No space left"),
        write_atomically(path) as file,
    ):
        file.write(b"ne")
        raise OSError(errno.ENOSPC, "No space left")
    with pytest.raises(KeyError), write_atomically(path) as file:
        raise KeyError
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
    write_text(path, "neü\n")
    assert path.read_bytes() == "neü\n".encode()


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CorpusTunerError, match="cannot create the folder"):
        create_folder(tmp_path / "file" / "folder")
    with pytest.raises(CorpusTunerError, match="cannot write"):
        write_text(tmp_path / "nowhere" / "a.txt", "x")


def test_sha256(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "abc")
    assert hash_file(tmp_path / "file").startswith("ba7816bf")
