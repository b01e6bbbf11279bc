"""Files that are whole or not there: written aside, synced, and moved into place."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

_NOT_OF_THE_FILE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM)


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that it has its new contents or its old ones, whatever happens meanwhile.

    Parameters
    ----------
    path
        The file that is made or replaced.
    write
        Gets a file open for writing bytes, and fills it.

    Raises
    ------
    OSError
        If it cannot be written; the old file is as it was.
    """
    aside = path.with_name(f"{path.name}.new")
    try:
        with aside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, as `write_atomically` does."""
    write_atomically(path, lambda file: file.write(text.encode()))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def concerns_file(error: BaseException | None) -> bool:
    """Tell whether an error says something of a file, and not of who tried to read it."""
    return not (isinstance(error, OSError) and error.errno in _NOT_OF_THE_FILE)


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
