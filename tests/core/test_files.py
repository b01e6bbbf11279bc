"""Files that are whole or not there."""

from pathlib import Path
from typing import IO

import pytest

from corpus_tuner.core.files import hash_file, write_atomically, write_text


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def fail(file: IO[bytes]) -> None:
        file.write(b"ne")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, fail)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
    write_text(path, "neü")
    assert path.read_text(encoding="utf-8") == "neü"


def test_sha256(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "abc")
    assert hash_file(tmp_path / "file").startswith("ba7816bf")
