"""The one step by which an index changes: a segment moved into place, the manifest replaced."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.store.files import sync_folder, write_text
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest


@contextmanager
def locked(index: Path) -> Iterator[None]:
    """Keep others from changing an index.

    Raises
    ------
    SearchIndexError
        If another is changing it, or it cannot be written to.
    """
    lock = FileLock(Layout(index).lock, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise SearchIndexError(f"another build or calibration is at work in {index}") from None
    except OSError as error:
        raise SearchIndexError(f"cannot write to {index}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def claim(index: Path) -> None:
    """Make the folder of an index, or see that it is one already.

    Raises
    ------
    SearchIndexError
        If it is a file, holds other things, or cannot be made.
    """
    layout = Layout(index)
    if index.exists() and not index.is_dir():
        raise SearchIndexError(f"{index} is a file: give the folder that the index goes to")
    ours = layout.manifest.exists() or layout.lock.exists()
    if index.is_dir() and any(index.iterdir()) and not ours:
        raise SearchIndexError(f"{index} holds other things than an index: give another folder")
    try:
        index.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SearchIndexError(f"cannot make {index}: {error.strerror}") from error


def write_manifest(index: Path, manifest: Manifest) -> None:
    """Put `manifest` in force in one step; after this, readers see the new index."""
    write_text(Layout(index).manifest, manifest.model_dump_json(indent=2) + "\n")


def commit(index: Path, segment: Path, manifest: Manifest) -> Manifest:
    """Move a finished segment into an index, put it in force, and remove what it replaces.

    A kill before the manifest is replaced leaves the old index in force, one after it the new one;
    what is then left over is removed by `tidy`.

    Parameters
    ----------
    index
        The folder of the index, locked.
    segment
        The folder of the segment's files, on the same file system.
    manifest
        Of the index; the last of its segments is this one, whose name is yet to be given.

    Returns
    -------
    Manifest
        As it is in force.
    """
    folder = Layout(index).next_segment()
    segment.rename(folder)
    sync_folder(folder)
    sync_folder(folder.parent)
    *others, new = manifest.segments
    named = new.model_copy(update={"name": folder.name})
    manifest = manifest.model_copy(update={"segments": (*others, named)})
    write_manifest(index, manifest)
    tidy(index, manifest)
    return manifest


def tidy(index: Path, manifest: Manifest) -> None:
    """Remove segments that the manifest in force does not name, and builds that did not finish.

    Parameters
    ----------
    index
        The folder of the index, locked.
    manifest
        As it is in force.
    """
    layout = Layout(index)
    named = {entry.name for entry in manifest.segments}
    for folder in layout.segments.iterdir() if layout.segments.is_dir() else ():
        if folder.is_dir() and folder.name not in named:
            shutil.rmtree(folder)
    discard_unfinished(index)


def discard_unfinished(index: Path, keep: Path | None = None) -> None:
    """Remove the folders of builds that did not finish, but for the one that is gone on with."""
    for folder in Layout(index).unfinished():
        if folder != keep:
            shutil.rmtree(folder)
