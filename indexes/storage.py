"""An index on disk: what lies where, what the manifest says, and how a change becomes visible.

::

    INDEX/
        manifest.json           names the segments in force; replacing it is the one commit point
        segments/000001/        written once, never changed
            documents.sqlite    documents, their views, and the chunks they came in
            views.faiss         inner-product vectors, one file for each representation
            views.views.npy     int32: the view of each vector
            views.starts.npy    int64: the first vector of each document, and the end
            words.*             the lexical engine's: BM25 scores by word (indexes/lexical/bm25.py)
        ledger.sqlite           what the generator wrote; kept from build to build
        building-KEY/           an unfinished build, from which the next one goes on

Readers keep the segments that they opened, as in Lucene; a build never touches them.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexes.errors import SearchIndexError
from indexes.fusion import SearchSettings

FORMAT = "corpus-tuner-index"
VERSION = 3
MANIFEST = "manifest.json"
LOCK = "build.lock"
DOCUMENTS = "documents.sqlite"


class StoredFile(BaseModel):
    """One file of a segment.

    Attributes
    ----------
    bytes
        Its size.
    sha256
        Of its contents, in hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str


class SegmentEntry(BaseModel):
    """One segment: its folder's name, how much it holds, and its files by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    documents: int
    views: dict[str, int]
    rows: dict[str, int]
    files: dict[str, StoredFile]


class EncoderEntry(BaseModel):
    """The encoder an index was built with, as far as is needed to open it again and to know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    dimension: int
    max_tokens: int
    settings: dict[str, Any]


class Manifest(BaseModel):
    """What an index says of itself.

    Attributes
    ----------
    format, version
        Of the files; an index of another version is not opened.
    representation
        The one searched unless another is asked for.
    representations
        The settings of each that is stored, by name.
    lexical
        The settings of the lexical engine; ``None`` if there is none.
    search
        How documents are ranked; `calibration` tells where the weights come from.
    calibration
        What was tried and what it gave; ``None`` if the weights are those that were configured.
    build
        Whatever the builder wants known: its settings, the corpus, counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    version: int = VERSION
    encoder: EncoderEntry
    representation: str
    representations: dict[str, dict[str, Any]]
    lexical: dict[str, Any] | None
    search: SearchSettings
    calibration: dict[str, Any] | None = None
    segments: Annotated[tuple[SegmentEntry, ...], Field(min_length=1)]
    build: dict[str, Any]


def read_manifest(index: Path) -> Manifest:
    """Read and check the manifest of an index, and that its files are there and whole in size.

    Raises
    ------
    SearchIndexError
        If `index` is no index, unfinished, of another version, or a file is missing or cut.
    """
    path = index / MANIFEST
    if not path.is_file():
        if unfinished(index):
            raise SearchIndexError(f"the build of {index} did not finish: run it again to go on")
        what = f"it has no {MANIFEST}" if index.exists() else "there is no such folder"
        raise SearchIndexError(f"{index} is not an index: {what}")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise SearchIndexError(f"{path} is not the manifest of a corpus-tuner index")
        if stored.get("version") != VERSION:
            raise SearchIndexError(
                f"{index} has format version {stored.get('version')}, and this release reads "
                f"version {VERSION}: open it with the release that wrote it, or build it again"
            )
        manifest = Manifest.model_validate(stored)
    except (UnicodeDecodeError, json.JSONDecodeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise SearchIndexError(f"{path} is damaged ({reason}): build the index again") from error
    for file, entry in _files(index, manifest):
        size = file.stat().st_size if file.is_file() else None
        if size != entry.bytes:
            found = "missing" if size is None else f"{size} bytes long"
            raise SearchIndexError(
                f"{file} is {found}, and should have {entry.bytes} bytes: build the index again"
            )
    return manifest


def verify(index: Path, manifest: Manifest) -> None:
    """Compare every file of `index` with its checksum.

    Raises
    ------
    SearchIndexError
        If a file's contents are not those that were written.
    """
    for file, entry in _files(index, manifest):
        if sha256(file) != entry.sha256:
            raise SearchIndexError(f"{file} is damaged (wrong SHA-256): build the index again")


def write_manifest(index: Path, manifest: Manifest) -> None:
    """Put `manifest` in force in one step; after this, readers see the new index."""
    aside = index / f"{MANIFEST}.new"
    with aside.open("w", encoding="utf-8") as file:
        file.write(manifest.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(index / MANIFEST)
    sync_folder(index)


@contextmanager
def locked(index: Path) -> Iterator[None]:
    """Keep others from changing an index.

    Raises
    ------
    SearchIndexError
        If another is changing it, or it cannot be written to.
    """
    lock = FileLock(index / LOCK, timeout=0)
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


def unfinished(index: Path) -> list[Path]:
    """Return the folders of builds of `index` that did not finish."""
    return sorted(index.glob("building-*")) if index.is_dir() else []


def segment_folder(index: Path, name: str) -> Path:
    """Return the folder of a segment.

    Raises
    ------
    SearchIndexError
        If `name` is not the plain number that it must be (it comes from a file).
    """
    if not re.fullmatch(r"\d{6}", name):
        raise SearchIndexError(f"{index / MANIFEST} names a segment {name!r}, which cannot be")
    return index / "segments" / name


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Make sure that a file's contents survive a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make sure that the names in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _files(index: Path, manifest: Manifest) -> Iterator[tuple[Path, StoredFile]]:
    for segment in manifest.segments:
        folder = segment_folder(index, segment.name)
        for name, entry in segment.files.items():
            if Path(name).name != name:
                raise SearchIndexError(f"{index / MANIFEST} names a file {name!r}, which cannot be")
            yield folder / name, entry
