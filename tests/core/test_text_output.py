"""Files are whole or as they were."""

from pathlib import Path

import pytest

from corpus_tuner.core.text_output import make_folders, write_atomically, write_text
from corpus_tuner.errors import EvaluationError


def test_a_file_that_could_not_be_finished_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text("old\n", path)
    with pytest.raises(KeyError), write_atomically(path) as file:
        file.write("new\n")
        raise KeyError
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]
    write_text("new\n", path)
    assert path.read_bytes() == b"new\n"


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EvaluationError, match="cannot write to"):
        make_folders(tmp_path / "file" / "folder")
    with pytest.raises(EvaluationError, match="cannot write"):
        write_text("x", tmp_path / "nowhere" / "a.txt")
