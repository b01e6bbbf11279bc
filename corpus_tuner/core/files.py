"""Atomic writes and checksums of files."""

import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from corpus_tuner.core.disk_errors import (
    SQLITE_FORBIDDEN,
    SQLITE_LOCKED,
    describe_disk_error,
    get_sqlite_code,
)
from corpus_tuner.errors import CorpusTunerError

_NOT_OF_THE_FILE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM)
_NOT_OF_THE_DATABASE = (*SQLITE_FORBIDDEN, *SQLITE_LOCKED, sqlite3.SQLITE_NOMEM)


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Yield a binary file that replaces `path` in one step if the block ends without an error.

    A link at `path`, or where the file is written first, is replaced and not followed.

    Raises
    ------
    CorpusTunerError
        If the file cannot be written; the old file is as it was.
    """
    aside = get_temporary_file(path)
    try:
        aside.unlink(missing_ok=True)  # of a process that was killed
        with aside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        problem = describe_disk_error(error) or error.strerror or error
        raise CorpusTunerError(f"cannot write {path}: {problem}") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def get_temporary_file(path: Path) -> Path:
    """Return the file that `write_atomically` writes first.

    Examples
    --------
    >>> get_temporary_file(Path("manifest.json")).name
    'manifest.json.new'
    """
    return path.with_name(f"{path.name}.new")


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, as `write_atomically` does."""
    with write_atomically(path) as file:
        file.write(text.encode())


def create_folder(folder: Path) -> None:
    """Create a folder and its parents where they do not exist.

    Raises
    ------
    CorpusTunerError
        If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusTunerError(f"cannot create the folder {folder}: {error.strerror}") from error


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def concerns_file(error: BaseException | None) -> bool:
    """Tell whether an error says something of a file, and not of who tried to read it."""
    if isinstance(error, OSError):
        return error.errno not in _NOT_OF_THE_FILE
    return error is None or get_sqlite_code(error) not in _NOT_OF_THE_DATABASE


def hash_folder(folder: Path) -> str:
    """Return a SHA-256 of the names and contents of all files in a folder, in hexadecimal."""
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(folder)} {hash_file(file)}".encode())
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Make sure that a file's contents survive a power cut."""
    with path.open("rb+") as file:  # Windows syncs what is open for writing
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make sure that the names in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
