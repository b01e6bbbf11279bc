"""An index as one file: a tar archive, checked when it is written and when it is read."""

import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import IO

from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.files import create_folder, sync_folder, write_atomically
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.check import check_encoder
from corpus_tuner.indexes.store.layout import ENCODER, Layout
from corpus_tuner.indexes.store.manifest import (
    Manifest,
    iter_segment_files,
    parse_manifest,
    read_manifest,
    verify,
    write_manifest,
)
from corpus_tuner.indexes.store.segments import Segments


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
    segments = Segments.open(index, manifest)  # so that no writer takes them away
    try:
        verify(index, manifest.segments)
        if _find_encoder_folder(manifest):
            _check_encoder(manifest)
        create_folder(file.parent)
        with write_atomically(file) as opened:
            _write(index, manifest, opened)
    finally:
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
    if index.exists() and (not index.is_dir() or any(index.iterdir())):
        raise SearchIndexError(f"{index} exists already: give a new or an empty folder")
    if not file.exists():
        raise SearchIndexError(f"there is no file {file}")
    index.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=index.parent, prefix=f".{index.name}-") as name:
        new = Path(name) / "index"
        new.mkdir()
        try:
            with tarfile.open(file, "r:") as archive:
                archive.extractall(new, filter="data")
            manifest = read_manifest(new)
            verify(new, manifest.segments)
            if _find_encoder_folder(manifest) == Layout(new).encoder.resolve():
                _check_encoder(manifest)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise SearchIndexError(f"{file} is no index that was exported: {error}") from error
        except SearchIndexError as error:
            reason = str(error).replace(f"{new}/", "")
            raise SearchIndexError(f"{file} is damaged: {reason}") from error
        if index.exists():
            index.rmdir()
        new.rename(index)
    sync_folder(index.parent)
    return parse_manifest(index)


def _write(index: Path, manifest: Manifest, opened: IO[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=opened, mode="w") as archive:
        scratch = Path(folder)
        encoder = _find_encoder_folder(manifest)
        if encoder:
            own = manifest.encoder.rename(ENCODER)
            manifest = manifest.model_copy(update={"encoder": own})
        write_manifest(scratch, manifest)  # the one in force may be another by now
        _add(archive, Layout(scratch).manifest, Layout(Path()).manifest)
        if encoder:
            for name in manifest.encoder.files:
                _add(archive, encoder / name, Layout(Path()).encoder / name)
        for segment_file, _ in iter_segment_files(index, manifest.segments):
            _add(archive, segment_file, segment_file.relative_to(index))
        ledger = Layout(index).ledger
        if ledger.is_file():
            _copy_database(ledger, Layout(scratch).ledger)
            _add(archive, Layout(scratch).ledger, Layout(Path()).ledger)


def _find_encoder_folder(manifest: Manifest) -> Path | None:
    """Return the folder of the encoder, where it is one whose files are known."""
    folder = Path(manifest.encoder.name)
    return folder if folder.is_absolute() and manifest.encoder.files else None


def _check_encoder(manifest: Manifest) -> None:
    problems = check_encoder(manifest)
    if problems:
        raise SearchIndexError("\n".join(map(str, problems)))


def _add(archive: tarfile.TarFile, file: Path, name: Path) -> None:
    """Add a file by only its name and size, so that the same index gives the same bytes."""
    entry = tarfile.TarInfo(name.as_posix())
    entry.size = file.stat().st_size
    with file.open("rb") as contents:
        archive.addfile(entry, contents)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that another may be writing to."""
    uri = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.DatabaseError as error:
        raise SearchIndexError(f"cannot read {source}: {error}") from error
