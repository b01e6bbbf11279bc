"""Files that are whole or not there: written aside, synced, and moved into place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from corpus_tuner.errors import EvaluationError


@contextmanager
def write_atomically(path: Path) -> Iterator[TextIO]:
    """Lend a text file that becomes `path` if all goes well; else `path` is as it was.

    Parameters
    ----------
    path
        The file that is made or replaced, in UTF-8, line ends as they are written.

    Raises
    ------
    EvaluationError
        If it cannot be written.
    """
    aside = path.with_name(f"{path.name}.new")
    try:
        with aside.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise EvaluationError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)


def write_text(text: str, path: Path) -> None:
    """Write a text file, as `write_atomically` does."""
    with write_atomically(path) as file:
        file.write(text)


def make_folders(*folders: Path) -> None:
    """Make folders, and those above them, where there are none.

    Raises
    ------
    EvaluationError
        If that is not possible.
    """
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EvaluationError(f"cannot write to {folder}: {error.strerror}") from error
