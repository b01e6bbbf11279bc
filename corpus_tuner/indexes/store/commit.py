"""Commits: new files are moved into the index, then the manifest is replaced in one step."""

import errno
import shutil
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from corpus_tuner.core.files import sync_folder
from corpus_tuner.indexes.store.layout import GENERATION_FILE, Layout
from corpus_tuner.indexes.store.manifest import Manifest, SegmentEntry, write_manifest
from corpus_tuner.indexes.store.reader_lock import has_readers
from corpus_tuner.indexes.store.segment_writer import SEGMENT

RETENTION_SECONDS = 3_600.0
"""Longest time for which a replaced segment is retained while a reader has it open."""
_RETIRED = "retired"
"""File in the folder of such a segment, as old as the commit that found it open."""
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def commit(index: Path, manifest: Manifest) -> Manifest:
    """Put a manifest in force, and remove the files that it does not name.

    A crash before the manifest is replaced leaves the old index in force, one after it the new
    index; files that are left over are removed by `collect_garbage`. The manifest has the
    generation that is in force now, and segments that are in the index (`move_segment`); those
    without live documents are dropped.
    """
    segments = tuple(entry for entry in manifest.segments if entry.live_documents)
    update = {"generation": manifest.generation + 1, "segments": segments}
    manifest = manifest.model_copy(update=update)
    write_manifest(index, manifest)
    collect_garbage(index, manifest)
    return manifest


def move_segment(index: Path, entry: SegmentEntry, working: Path) -> SegmentEntry:
    """Move a segment from the working folder of `write_segment` into the index.

    Its name is a number that no other segment has; several processes may do so at once. It is in
    force when a manifest says so.
    """
    segments = Layout(index).segments
    segments.mkdir(exist_ok=True)
    there = [int(path.name) for path in segments.iterdir() if path.name.isdecimal()]
    for number in count(max(there, default=0) + 1):
        folder = segments / f"{number:06}"
        try:
            (working / SEGMENT).rename(folder)
            break
        except OSError as error:
            if error.errno not in _TAKEN:  # another was faster
                raise
    for changed in (folder, segments, index):
        sync_folder(changed)
    return entry.model_copy(update={"name": folder.name})


def collect_garbage(index: Path, manifest: Manifest) -> None:
    """Remove files that the manifest in force does not name, and builds in progress.

    Segments that a reader has open are retained, `RETENTION_SECONDS` at most. Entries of other
    names stay; what cannot be removed is left for the next time.
    """
    layout = Layout(index)
    named = {entry.name: entry for entry in manifest.segments}
    outdated = layout.temporary_files
    for folder in layout.segment_folders:
        if folder.name in named:
            files = named[folder.name].files
            found = (one for one in folder.iterdir() if GENERATION_FILE.fullmatch(one.name))
            outdated += [one for one in found if one.name not in files]
        elif not _is_in_use(folder):
            _remove_folder(folder)
    for file in outdated:
        with suppress(OSError):
            file.unlink(missing_ok=True)
    discard_builds(index)


def discard_builds(index: Path, keep: Path | None = None) -> None:
    """Remove the folders of builds that did not finish, but for the one that is gone on with."""
    for folder in Layout(index).builds_in_progress:
        if folder != keep:
            _remove_folder(folder)


def _is_in_use(folder: Path) -> bool:
    """Tell whether a reader has a segment open that is out of force, and not for too long."""
    if not has_readers(folder):
        return False
    marker = folder / _RETIRED
    try:
        if not marker.exists():
            marker.touch(exist_ok=False)  # does not follow a link
        return time.time() - marker.stat().st_mtime < RETENTION_SECONDS
    except OSError:
        return False


def _remove_folder(folder: Path) -> None:
    """Remove a folder; what cannot be removed, such as open files, is left for the next time."""
    shutil.rmtree(folder, ignore_errors=True)
