"""The write lock: one process at a time may change an index."""

import json
import os
import socket
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from corpus_tuner.core.disk_errors import describe_disk_error
from corpus_tuner.core.files import create_folder, write_text
from corpus_tuner.errors import CorpusTunerError, LockedError, SearchIndexError
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest


@contextmanager
def lock_index(index: Path, what: str) -> Iterator[None]:
    """Keep others from changing an index. The system lets go of the lock when the process ends.

    `what` describes the change in errors of other processes.

    Raises
    ------
    LockedError
        If another is changing it.
    SearchIndexError
        If it cannot be written to, from the beginning or because the disk is full or fails, or if
        it has a link instead of a folder or a database.
    """
    layout = Layout(index)
    link = layout.find_link()
    if link:
        raise SearchIndexError(
            f"{link} is a link, and changes would be written to where it leads: replace it by what "
            "it leads to, or delete it"
        )
    lock = _acquire(layout)
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = {"what": what, "process": os.getpid(), "host": socket.gethostname(), "since": now}
        with suppress(CorpusTunerError):  # on a full disk there may be room to remove something
            write_text(layout.writer, json.dumps(holder))
        with explain_disk_errors(index):
            yield
    finally:
        with suppress(OSError):
            layout.writer.unlink(missing_ok=True)
        _remove_empty_folder(layout)  # before another can have the lock
        lock.release()


@contextmanager
def explain_disk_errors(index: Path) -> Iterator[None]:
    """Raise the errors that `describe_disk_error` describes as `SearchIndexError`, with a file."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        problem = describe_disk_error(error)
        if not problem:
            raise
        file = getattr(error, "filename", None) or index
        raise SearchIndexError(f"cannot open or write {file}: {problem}") from error


@contextmanager
def lock_and_read_manifest(index: Path, what: str) -> Iterator[Manifest]:
    """Lock an existing index, as `lock_index` does, and return its manifest."""
    read_manifest(index)  # where there is no index, nothing is written
    with lock_index(index, what):
        yield read_manifest(index)


def create_index_folder(index: Path) -> None:
    """Make the folder of an index, or see that it is one already.

    Raises
    ------
    CorpusTunerError
        If it is a file, has other contents, or cannot be created.
    """
    layout = Layout(index)
    create_output_folder(index, (layout.manifest, layout.lock), "an index", "the index")


def create_output_folder(folder: Path, marks: Sequence[Path], kind: str, what: str) -> None:
    """Make a folder, or see that it has one of the files that mark a folder of its kind.

    `kind` and `what` say in errors what is in such a folder, and what goes there.

    Raises
    ------
    CorpusTunerError
        If it is a file, has other contents, or cannot be created.
    """
    if folder.exists() and not folder.is_dir():
        raise SearchIndexError(f"{folder} is a file: give the folder that {what} goes to")
    ours = any(mark.exists() for mark in marks)
    if folder.is_dir() and any(folder.iterdir()) and not ours:
        raise SearchIndexError(f"{folder} has other contents than {kind}: give another folder")
    create_folder(folder)


def _acquire(layout: Layout) -> FileLock:
    """Return the lock of an index, acquired.

    Whoever had it may have removed its file meanwhile, with the folder of an index that has not
    come to be. A lock on a file that is removed locks nobody out, so it is acquired again.
    """
    while True:
        lock = FileLock(layout.lock, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise LockedError(
                f"{_describe_holder(layout)} {layout.index}: try again when it is done"
            ) from None
        except OSError as error:
            raise SearchIndexError(f"cannot write to {layout.index}: {error.strerror}") from error
        if layout.lock.exists():
            return lock
        lock.release()
        layout.index.mkdir(parents=True, exist_ok=True)


def _remove_empty_folder(layout: Layout) -> None:
    """Remove the folder of an index that was not built, before the lock is released."""
    with suppress(OSError):
        if [file.name for file in layout.index.iterdir()] == [layout.lock.name]:
            layout.lock.unlink()
            layout.index.rmdir()


def _describe_holder(layout: Layout) -> str:
    """Describe the process with the lock, as the first words of a sentence."""
    try:
        holder = json.loads(layout.writer.read_text(encoding="utf-8"))
        return (
            f"{holder['what']} (process {holder['process']} on {holder['host']}, "
            f"since {holder['since']}) is at work in"
        )
    except (OSError, ValueError, KeyError, TypeError):  # it has just begun, or is just done
        return "another process is at work in"
