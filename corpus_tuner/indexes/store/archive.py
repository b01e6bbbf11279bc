"""An index as one file: a tar archive, checked when it is written and when it is read."""

import io
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.files import create_folder, hash_file, sync_folder, write_atomically
from corpus_tuner.core.sealed_database import fits_seal, open_read_only
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.check import check_encoder
from corpus_tuner.indexes.store.layout import ENCODER, Layout
from corpus_tuner.indexes.store.manifest import (
    Manifest,
    format_manifest,
    iter_segment_files,
    parse_manifest,
    read_manifest,
    verify,
)
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.write_lock import lock_index


def export_index(index: str | Path, file: str | Path) -> Manifest:
    """Write an index, its ledger and its encoder into one file.

    An encoder goes along where it is a folder, such as a tuned one. The index may be changed
    meanwhile: what is written is the index as it was at the beginning.

    Parameters
    ----------
    index
        Folder of the index.
    file
        Archive that is written, or atomically replaced if it is an archive already.

    Raises
    ------
    SearchIndexError
        If there is no index, a file of it or of its encoder is damaged or missing, or `file` is
        something else.
    CorpusTunerError
        If `file` cannot be written.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.export_index(example_index, example_index.parent / "index.tar").documents
    3
    """
    index, file = check_path(index, "index"), check_path(file, "file")
    if file.exists() and not (file.is_file() and tarfile.is_tarfile(file)):
        raise SearchIndexError(f"{file} is there, and is no exported index: give another name")
    manifest = read_manifest(index)
    scratch = file.with_name(f"{file.name}.{Layout(index).ledger.name}")
    segments = Segments.open(index, manifest)  # so that no writer takes them away
    try:
        verify(index, manifest.segments)
        if _find_encoder_folder(manifest):
            _check_encoder(manifest)
        create_folder(file.parent)
        scratch.unlink(missing_ok=True)  # of an export that was killed
        with write_atomically(file) as opened:
            _write(index, manifest, opened, scratch)
    finally:
        scratch.unlink(missing_ok=True)
        segments.close()
    return manifest


def import_index(file: str | Path, index: str | Path) -> Manifest:
    """Make an index of a file that `export_index` wrote.

    Parameters
    ----------
    file
        The file.
    index
        Folder that is created; if it exists, it must be empty.

    Raises
    ------
    SearchIndexError
        If the file is none of an index, or damaged, or `index` has contents.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> _ = ct.export_index(example_index, example_index.parent / "index.tar")
    >>> ct.import_index(example_index.parent / "index.tar", example_index.parent / "copy").documents
    3
    """
    file, index = check_path(file, "file"), check_path(index, "index")
    layout = Layout(index)
    if not file.exists():
        raise SearchIndexError(f"there is no file {file}")
    is_killed_import = layout.importing.is_dir() and not layout.manifest.exists()
    if index.exists() and not is_killed_import and not (index.is_dir() and _is_empty(layout)):
        raise SearchIndexError(f"{index} exists already: give a new or an empty folder")
    create_folder(index)
    with lock_index(index, "an import"):
        _remove_contents(layout)  # of an import that was killed
        try:
            _unpack(file, layout.importing)
            # The manifest comes last: without it there is no index yet.
            for target in _list_contents(layout):
                with suppress(FileNotFoundError):
                    (layout.importing / target.name).rename(target)
        except BaseException:
            _remove_contents(layout)
            raise
        layout.importing.rmdir()
        sync_folder(index)
    return parse_manifest(index)


def _unpack(file: Path, folder: Path) -> None:
    """Unpack an archive and compare everything with its checksums."""
    layout = Layout(folder)
    folder.mkdir()
    try:
        with tarfile.open(file, "r:") as archive:
            archive.extractall(folder, filter=_select_member)
        manifest = read_manifest(folder)
        verify(folder, manifest.segments)
        if _find_encoder_folder(manifest) == layout.encoder.resolve():
            _check_encoder(manifest)
        if layout.ledger.exists() and not fits_seal(layout.ledger):
            raise SearchIndexError(f"{layout.ledger} has not the SHA-256 that it should have")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SearchIndexError(f"{file} is no index that was exported: {error}") from error
    except SearchIndexError as error:
        reason = str(error).replace(f"{folder}/", "")
        raise SearchIndexError(f"{file} is damaged: {reason}") from error


def _select_member(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Return a member of an archive that is unpacked, ``None`` for one that is left out.

    Raises
    ------
    SearchIndexError
        If it is a link, a device or a sparse file.
    """
    if member.issparse() or not (member.isfile() or member.isdir()):
        raise SearchIndexError(f"{member.name} is not a plain file")
    known = {one.name for one in _list_contents(Layout(Path(folder)))}
    name = Path(member.name).parts[:1]
    return tarfile.data_filter(member, folder) if known.issuperset(name) else None


def _list_contents(layout: Layout) -> tuple[Path, ...]:
    """Return the files and folders of an index that an archive has, the manifest last."""
    return layout.segments, layout.encoder, layout.ledger, layout.ledger_seal, layout.manifest


def _is_empty(layout: Layout) -> bool:
    """Tell whether a folder has nothing, or only the lock of one that is at work in it."""
    return {*layout.index.iterdir()} <= {layout.lock, layout.writer}


def _remove_contents(layout: Layout) -> None:
    """Remove what an import has put into a folder."""
    for path in (layout.importing, *_list_contents(layout)):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _write(index: Path, manifest: Manifest, opened: IO[bytes], scratch: Path) -> None:
    """Write an archive; the copy of the ledger is made at `scratch`."""
    encoder = _find_encoder_folder(manifest)
    if encoder:
        own = manifest.encoder.rename(ENCODER)
        manifest = manifest.model_copy(update={"encoder": own})
    layout = Layout(Path())
    with tarfile.open(fileobj=opened, mode="w") as archive:
        # The manifest in force may be another by now.
        _add(archive, io.BytesIO(format_manifest(manifest)), layout.manifest)
        if encoder:
            for name in manifest.encoder.files:
                _add_file(archive, encoder / name, layout.encoder / name)
        for segment_file, _ in iter_segment_files(index, manifest.segments):
            _add_file(archive, segment_file, segment_file.relative_to(index))
        ledger = Layout(index).ledger
        if ledger.is_file():
            _copy_database(ledger, scratch)
            _add_file(archive, scratch, layout.ledger)
            _add(archive, io.BytesIO(hash_file(scratch).encode()), layout.ledger_seal)


def _find_encoder_folder(manifest: Manifest) -> Path | None:
    """Return the folder of the encoder, where it is one whose files are known."""
    folder = Path(manifest.encoder.name)
    return folder if folder.is_absolute() and manifest.encoder.files else None


def _check_encoder(manifest: Manifest) -> None:
    problems = check_encoder(manifest)
    if problems:
        raise SearchIndexError("\n".join(map(str, problems)))


def _add_file(archive: tarfile.TarFile, file: Path, name: Path) -> None:
    with file.open("rb") as contents:
        _add(archive, contents, name)


def _add(archive: tarfile.TarFile, contents: IO[bytes], name: Path) -> None:
    """Add a file by only its name and size, so that the same index gives the same bytes."""
    entry = tarfile.TarInfo(name.as_posix())
    entry.size = contents.seek(0, os.SEEK_END)
    contents.seek(0)
    archive.addfile(entry, contents)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that another may be writing to."""
    try:
        with closing(open_read_only(source)) as database:
            database.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.DatabaseError as error:
        raise SearchIndexError(f"cannot read {source}: {error}") from error
