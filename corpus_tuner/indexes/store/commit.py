"""Commits: new files are moved into the index, then the manifest is replaced in one step."""

import errno
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from corpus_tuner.core.files import sync_folder
from corpus_tuner.indexes.store.layout import Layout, get_live_docs_file
from corpus_tuner.indexes.store.live_docs import LiveDocs, write_bitmap
from corpus_tuner.indexes.store.manifest import (
    GenerationFile,
    LiveDocsEntry,
    Manifest,
    SegmentEntry,
    write_manifest,
)
from corpus_tuner.indexes.store.reader_lock import has_readers

RETENTION_SECONDS = 3_600.0
"""Longest time for which a replaced segment is retained while a reader has it open."""
_RETIRED = "retired"
"""File in the folder of such a segment, as old as the commit that found it open."""
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def commit(
    index: Path,
    manifest: Manifest,
    new: Path | None = None,
    live_docs: Mapping[str, LiveDocs] | None = None,
) -> Manifest:
    """Commit a change of an index, and remove the files that it replaces.

    A crash before the manifest is replaced leaves the old index in force, one after it the new
    index; files that are left over are removed by `collect_garbage`.

    Parameters
    ----------
    index
        Folder of the index, locked.
    manifest
        New manifest, with the generation that is in force now.
    new
        Folder with the files of a new segment, on the same file system: the last one of the
        manifest, which has no name yet.
    live_docs
        Live documents of the segments that lose some, by name. Segments without live documents are
        dropped.

    Returns
    -------
    The manifest in force.
    """
    layout = Layout(index)
    generation = manifest.generation + 1
    entries = list(manifest.segments)
    if new is not None:
        name = move_segment(index, new, (entry.name for entry in entries[:-1]))
        entries[-1] = entries[-1].model_copy(update={"name": name})
    for number, entry in enumerate(entries):
        if live_docs and entry.name in live_docs:
            entries[number] = _write_live_docs(layout, entry, live_docs[entry.name], generation)
    manifest = manifest.model_copy(
        update={
            "generation": generation,
            "segments": tuple(entry for entry in entries if entry.live_documents),
        }
    )
    write_manifest(index, manifest)
    collect_garbage(index, manifest)
    return manifest


def move_segment(index: Path, new: Path, named: Iterable[str] = ()) -> str:
    """Move the files of a segment to where they stay; several may do so at once.

    Parameters
    ----------
    index
        The folder of the index.
    new
        The folder of the files, on the same file system.
    named
        The segments that the manifest names.

    Returns
    -------
    The segment's name. It is in force when a manifest says so.
    """
    layout = Layout(index)
    named = [*named]
    while True:
        folder = layout.choose_segment_folder(named)
        try:
            new.rename(folder)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            named.append(folder.name)  # another was faster
            continue
        for changed in (folder, folder.parent, index):
            sync_folder(changed)
        return folder.name


def collect_garbage(index: Path, manifest: Manifest) -> None:
    """Remove files that the manifest in force does not name, and builds in progress.

    Segments that a reader has open are retained, `RETENTION_SECONDS` at most.

    Parameters
    ----------
    index
        The folder of the index, locked.
    manifest
        As it is in force.
    """
    layout = Layout(index)
    named = {entry.name: entry for entry in manifest.segments}
    for folder in layout.segments.iterdir() if layout.segments.is_dir() else ():
        if folder.name in named:
            for file in folder.iterdir():
                if file.name not in named[folder.name].stored:
                    file.unlink()
        elif folder.is_dir() and not _is_in_use(folder):
            _remove_folder(folder)
    for file in index.glob("*.new"):  # of a file that was to be replaced
        file.unlink()
    discard_builds(index)


def discard_builds(index: Path, keep: Path | None = None) -> None:
    """Remove the folders of builds that did not finish, but for the one that is gone on with."""
    for folder in Layout(index).builds_in_progress:
        if folder != keep:
            _remove_folder(folder)


def _write_live_docs(
    layout: Layout, entry: SegmentEntry, live_docs: LiveDocs, generation: int
) -> SegmentEntry:
    """Write the bitmap of a segment; its entry names it, and has all else that it needs."""
    living = int(live_docs.sum())
    file = get_live_docs_file(layout.get_segment_folder(entry.name), generation)
    write_bitmap(file, live_docs)
    named = LiveDocsEntry(documents=living, **GenerationFile.describe(file).model_dump())
    return entry.model_copy(update={"live_docs": named})


def _is_in_use(folder: Path) -> bool:
    """Tell whether a reader has a segment open that is out of force, and not for too long."""
    if not has_readers(folder):
        return False
    marker = folder / _RETIRED
    try:
        if not marker.exists():
            marker.touch()
        return time.time() - marker.stat().st_mtime < RETENTION_SECONDS
    except OSError:
        return False


def _remove_folder(folder: Path) -> None:
    """Remove a folder; what a system keeps because it is open is left for the next time."""
    with suppress(PermissionError):
        shutil.rmtree(folder)
