"""The manifest: what an index says of itself, and which of its files are in force."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.search.settings import SearchSettings
from corpus_tuner.indexes.store.files import sha256
from corpus_tuner.indexes.store.layout import Layout

FORMAT = "corpus-tuner-index"
VERSION = 5


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
        The settings of those that are stored, by name.
    lexical
        What terms of the documents are indexed; ``None`` if none are.
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
    lexical: LexicalSettings | None
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
    layout = Layout(index)
    path = layout.manifest
    if not path.is_file():
        if layout.unfinished():
            raise SearchIndexError(f"the build of {index} did not finish: run it again to go on")
        what = f"it has no {path.name}" if index.exists() else "there is no such folder"
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
    for file, entry in _files(layout, manifest):
        size = _size(file)
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
    for file, entry in _files(Layout(index), manifest):
        try:
            right = sha256(file) == entry.sha256
        except OSError as error:
            raise SearchIndexError(f"cannot read {file}: {error.strerror}") from error
        if not right:
            raise SearchIndexError(f"{file} is damaged (wrong SHA-256): build the index again")


def _size(file: Path) -> int | None:
    """Return the size of a file; ``None`` if there is none, or it has just been removed."""
    try:
        return file.stat().st_size
    except OSError:
        return None


def _files(layout: Layout, manifest: Manifest) -> Iterator[tuple[Path, StoredFile]]:
    for segment in manifest.segments:
        folder = layout.segment(segment.name)
        for name, entry in segment.files.items():
            if Path(name).name != name:
                raise SearchIndexError(f"{layout.manifest} names a file {name!r}, which cannot be")
            yield folder / name, entry
