"""The manifest: what an index contains, how it was built, and which files are in force."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from corpus_tuner.core.arguments import describe_problem
from corpus_tuner.core.documents import add_digests
from corpus_tuner.core.files import concerns_file, hash_file, write_atomically
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.tuning_report import TuningVerdict
from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.filters.fields import compute_language_shares
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations import read_representation
from corpus_tuner.indexes.store.layout import ENCODER, Layout
from corpus_tuner.indexes.store.search_settings import Calibration, SearchSettings, Share
from corpus_tuner.indexes.vectors.ann import FLAT, SearchParameters, VectorSettings
from corpus_tuner.text.language_detection import order_languages

FORMAT = "corpus-tuner-index"
VERSION = 16
_CHECKSUM = "sha256"
_MOST_DOCUMENTS = 2**31
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=_MOST_DOCUMENTS)]
Counts = Annotated[dict[str, Annotated[int, Field(ge=0, le=2**53)]], Field(max_length=10_000)]
VIEW_COUNT = "view: "
"""Prefix of the kind in the counts of a document's views."""


class StoredFile(BaseModel):
    """Size and SHA-256, in hexadecimal, of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bytes: NonNegativeInt
    sha256: Sha256

    @classmethod
    def describe(cls, path: Path) -> "StoredFile":
        """Describe a file as it is now."""
        return cls(bytes=path.stat().st_size, sha256=hash_file(path))

    def check_size(self, path: Path) -> str:
        """Say what is wrong with the size of a file; nothing if it is right."""
        try:
            size = path.stat().st_size
        except OSError:
            return "is missing"
        return "" if size == self.bytes else f"has {size:,} bytes, and should have {self.bytes:,}"

    def check_contents(self, path: Path) -> str:
        """Say what is wrong with the contents of a file; nothing if they are right.

        Raises
        ------
        SearchIndexError
            If it may not be read, or no more files may be opened.
        """
        problem = self.check_size(path)
        if problem:
            return problem
        try:
            return "" if hash_file(path) == self.sha256 else "is damaged (wrong SHA-256)"
        except OSError as error:
            if not concerns_file(error):
                raise SearchIndexError(f"cannot read {path}: {error.strerror}") from error
            return f"cannot be read ({error.strerror})"


class SegmentEntry(BaseModel):
    """Entry of a segment.

    Attributes
    ----------
    name
        Name of its folder.
    documents
        Number of documents when it was written.
    live_documents
        Number of documents that are not deleted.
    rows
        Number of vectors, by representation.
    files
        Files in force, by name.
    live_docs
        File of the bitmap of live documents; ``None`` if all are live.
    ann_index
        File of the ANN index of the vectors that are searched; ``None`` if the segment has none.
    counts
        Sums of the counts of live documents, by name.
    digest
        Digest of the live documents (`corpus_tuner.core.documents.add_digests`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    documents: Count
    live_documents: Count
    rows: dict[str, NonNegativeInt]
    files: dict[str, StoredFile]
    live_docs: str | None = None
    ann_index: str | None = None
    counts: Counts
    digest: Literal[""] | Sha256

    @property
    def deleted_share(self) -> float:
        """Share of the documents that are deleted."""
        return 1 - self.live_documents / self.documents

    def replace_file(self, role: Literal["live_docs", "ann_index"], path: Path | None) -> Self:
        """Return the entry with another bitmap or ANN index, or without one."""
        before = getattr(self, role)
        files = {name: file for name, file in self.files.items() if name != before}
        if path is not None:
            files[path.name] = StoredFile.describe(path)
        return self.model_copy(update={"files": files, role: path and path.name})


class EncoderEntry(BaseModel):
    """The encoder that an index was built with.

    Attributes
    ----------
    fingerprint
        SHA-256 of all that decides its vectors.
    dimension
        Dimension of the vectors.
    max_tokens
        Length of the longest text that it reads whole, in tokens.
    settings
        Settings that open it again; ``name`` is a folder, a name on the hub or an embedded encoder.
    files
        Files that it is read from, by path in its folder, where they are known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # A count of `\w` in the pattern would take 70 ms to compile, and 13 MiB.
    fingerprint: Annotated[str, Field(max_length=128, pattern=r"^[\w.-]*$")]
    dimension: Annotated[PositiveInt, Field(le=65_536)]
    max_tokens: Annotated[PositiveInt, Field(le=2**31)]
    settings: dict[str, Any]
    files: dict[str, StoredFile] = {}

    @field_validator("settings")
    @classmethod
    def _can_be_read(cls, settings: dict[str, Any]) -> dict[str, Any]:
        EncoderSettings.model_validate(settings)
        return settings

    @field_validator("files")
    @classmethod
    def _stay_in_the_folder(cls, files: dict[str, StoredFile]) -> dict[str, StoredFile]:
        for name in files:
            path = Path(name)
            if path.is_absolute() or ".." in path.parts or path.as_posix() != name:
                raise ValueError(f"a file {name!r} of the encoder cannot be")
        return files

    @property
    def name(self) -> str:
        """The name that opens it again; empty where the settings give none."""
        return str(self.settings.get("name", ""))

    def rename(self, name: str) -> "EncoderEntry":
        """Return the same encoder under another name."""
        return self.model_copy(update={"settings": self.settings | {"name": name}})


class VectorSearchEntry(BaseModel):
    """Nearest-neighbour search of vectors: its settings, and what was measured.

    Attributes
    ----------
    settings
        Kind of the ANN indexes and the required recall.
    parameters
        Search parameters that reach the recall; empty for an exact search.
    recall
        Recall@100 that was measured; ``None`` for an exact search, or if it is not known.
    queries
        Number of queries that measured it; ``None`` if it is yet to be measured.
    query_cosine
        Mean cosine of these queries with the nearest vectors of their documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    settings: VectorSettings = VectorSettings()
    parameters: SearchParameters = {}
    recall: float | None = None
    queries: NonNegativeInt | None = 0
    query_cosine: float | None = None


class BuildRecord(BaseModel):
    """How an index was built.

    Attributes
    ----------
    key
        Hash of everything that decides the index except its documents.
    files
        The same hash as far as it is known without opening a model.
    corpus
        Source of the corpus.
    language
        Main language of the corpus, ISO 639-1.
    languages
        Share of documents in each language of the corpus, 0 to 1.
    generators
        Identities of the generators.
    instructions
        Generator, kind, language, template and system message of every instruction.
    checks
        Hash of the quality checks.
    encoder_tuning
        Held-out evaluation of the encoder, if it was fine-tuned.
    recipe
        The recipe (`corpus_tuner.config.recipe`), without what the manifest has itself: encoder,
        representation and search.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: str = ""
    files: str = ""
    corpus: str = ""
    language: str = ""
    languages: Annotated[dict[str, Share], Field(max_length=400)] = {}
    generators: tuple[str, ...] = ()
    instructions: tuple[tuple[str, ...], ...] = ()
    checks: str = ""
    encoder_tuning: TuningVerdict | None = None
    recipe: dict[str, Any] = {}

    @property
    def known_languages(self) -> Languages:
        """Languages of the corpus, the main one first."""
        return order_languages(self.language, self.languages)


class Manifest(BaseModel):
    """Manifest of an index.

    Attributes
    ----------
    format, version
        Name and version of the file format; an index of another version is not opened.
    encoder
        Encoder of the index.
    representation
        Name of the representation that is searched by default.
    representations
        Settings of the stored representations, by name.
    vectors
        Nearest-neighbour search of the one searched; that of others is exact.
    lexical
        Terms that are indexed; ``None`` if none are.
    search
        Settings of hybrid search in force.
    calibration
        Result of the last calibration; ``None`` if the weights are those of the recipe.
    generation
        Number of commits.
    segments
        Segments in force.
    changed
        Number of documents added, changed or removed since the weights were chosen.
    build
        How the index was built.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: str = FORMAT
    version: int = VERSION
    encoder: EncoderEntry
    representation: str
    representations: dict[str, dict[str, Any]]
    vectors: VectorSearchEntry = VectorSearchEntry()
    lexical: LexicalSettings | None
    search: SearchSettings
    calibration: Calibration | None = None
    generation: Annotated[int, Field(ge=0, lt=10**12)] = 0
    segments: tuple[SegmentEntry, ...]
    changed: NonNegativeInt = 0
    build: BuildRecord = BuildRecord()

    @model_validator(mode="after")
    def _fits_its_segments(self) -> Self:
        for segment in self.segments:
            for name in (segment.live_docs, segment.ann_index):
                if name is not None and name not in segment.files:
                    raise ValueError(f"segment {segment.name} has no file {name!r}")
            if segment.ann_index and self.vectors.settings.index == FLAT:
                raise ValueError(f"segment {segment.name} has an ANN index, and none is set")
            if self.representation not in segment.rows:
                raise ValueError(f"segment {segment.name} has no rows of {self.representation!r}")
        return self

    @field_validator("representations")
    @classmethod
    def _are_known(cls, stored: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for settings in stored.values():
            read_representation(settings)
        return stored

    @property
    def default_search(self) -> SearchSettings:
        """Settings of hybrid search before calibration."""
        if self.calibration is None:
            return self.search
        return self.search.model_copy(update={"hybrid": self.calibration.default})

    @property
    def documents(self) -> int:
        """Number of documents."""
        return sum(segment.live_documents for segment in self.segments)

    @property
    def vector_index(self) -> str:
        """Kind of the ANN indexes; ``flat`` if no segment has one."""
        return self.vectors.settings.index if self.ann_indexes else FLAT

    @property
    def ann_indexes(self) -> list[StoredFile]:
        """Files of the ANN indexes of all segments that have one."""
        return [one.files[one.ann_index] for one in self.segments if one.ann_index]

    def vectors_of(self, representation: str) -> VectorSearchEntry | None:
        """Return how a representation's vectors are searched; ``None`` for an exact search."""
        return self.vectors if representation == self.representation else None

    @property
    def views(self) -> dict[str, int]:
        """Number of views, by kind."""
        return {
            name.removeprefix(VIEW_COUNT): count
            for name, count in self.counts.items()
            if name.startswith(VIEW_COUNT)
        }

    @property
    def languages(self) -> dict[str, float]:
        """The share of documents in each language, 0 to 1, the commonest first."""
        return compute_language_shares(self.counts)

    @property
    def counts(self) -> dict[str, int]:
        """Whatever was counted of the documents."""
        return sum_counts(segment.counts for segment in self.segments)

    @property
    def digest(self) -> str:
        """Of all documents: the same for the same ones, in whatever order and segments."""
        return add_digests("", (segment.digest for segment in self.segments))

    @property
    def bytes(self) -> int:
        """The size of all files in force."""
        return sum(file.bytes for segment in self.segments for file in segment.files.values())


def write_manifest(index: Path, manifest: Manifest) -> None:
    """Put `manifest` in force in one step; after this, readers see the new index."""
    if manifest.encoder.name == str(Layout(index).encoder.resolve()):
        own = manifest.encoder.rename(ENCODER)  # so that the index can be moved
        manifest = manifest.model_copy(update={"encoder": own})
    with write_atomically(Layout(index).manifest) as file:
        file.write(format_manifest(manifest))


def format_manifest(manifest: Manifest) -> bytes:
    """Return the contents of the file of a manifest, with their own checksum."""
    values = manifest.model_dump(mode="json")
    stored = {_CHECKSUM: _compute_checksum(values), **values}
    return f"{json.dumps(stored, indent=2, ensure_ascii=False)}\n".encode()


def read_manifest(index: Path) -> Manifest:
    """Read and check the manifest of an index, and that its files are there and whole in size.

    Raises
    ------
    SearchIndexError
        If `index` is no index, not built to its end or of another version, or a file is missing
        or cut.
    """
    manifest = parse_manifest(index)
    for file, entry in iter_segment_files(index, manifest.segments):
        problem = entry.check_size(file)
        if problem:
            raise SearchIndexError(f"{file} {problem}: {DAMAGED}")
    return manifest


def parse_manifest(index: Path) -> Manifest:
    """Read and check the manifest of an index, and nothing else.

    Raises
    ------
    SearchIndexError
        If `index` is no index, not built to its end or of another version, or the manifest is
        damaged or cannot be read.
    """
    layout = Layout(index)
    path = layout.manifest
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        if layout.builds_in_progress:
            what = f"the build or import of {index} did not finish: run it again to go on"
            raise SearchIndexError(what) from None
        what = f"it has no {path.name}" if index.exists() else "there is no such folder"
        raise SearchIndexError(f"{index} is not an index: {what}") from None
    except OSError as error:
        raise SearchIndexError(
            f"cannot read {path}: {error.strerror}: see who may read it, and what its disk says"
        ) from error
    try:
        stored = json.loads(data.decode("utf-8"))
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise SearchIndexError(f"{path} is not the manifest of a corpus-tuner index")
        if stored.get("version") != VERSION:
            raise SearchIndexError(
                f"{index} has format version {stored.get('version')}, and this release reads "
                f"version {VERSION}: open it with the release that wrote it, or build it again"
            )
        if stored.pop(_CHECKSUM, None) != _compute_checksum(stored):
            raise ValueError("its own SHA-256 is wrong")
        manifest = Manifest.model_validate(stored)
        if manifest.encoder.name == ENCODER:
            own = manifest.encoder.rename(str(layout.encoder.resolve()))
            return manifest.model_copy(update={"encoder": own})
        return manifest
    except SearchIndexError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, not a manifest
        reason = _explain_error(error)
        raise SearchIndexError(f"{path} is damaged ({reason}): build the index again") from error


def verify(index: Path, entries: Iterable[SegmentEntry], most: int | None = None) -> None:
    """Compare files of some segments with their checksums, those of at most so many bytes.

    Raises
    ------
    SearchIndexError
        If a file's contents are not those that were written.
    """
    for file, entry in iter_segment_files(index, entries):
        if most is not None and entry.bytes > most:
            continue
        problem = entry.check_contents(file)
        if problem:
            raise SearchIndexError(f"{file} {problem}: {DAMAGED}")


def iter_segment_files(
    index: Path, entries: Iterable[SegmentEntry]
) -> Iterator[tuple[Path, StoredFile]]:
    """Yield the files of some segments.

    Raises
    ------
    SearchIndexError
        If one has a name that would lead elsewhere.
    """
    layout = Layout(index)
    for segment in entries:
        folder = layout.get_segment_folder(segment.name)
        for name, entry in segment.files.items():
            if Path(name).name != name:
                raise SearchIndexError(f"{layout.manifest} names a file {name!r}, which cannot be")
            yield folder / name, entry


def _explain_error(error: Exception) -> str:
    """Return what is wrong with a manifest, on one line."""
    if isinstance(error, ValidationError):
        return describe_problem(error.errors()[0])
    return str(error).splitlines()[0]


def _compute_checksum(values: dict[str, Any]) -> str:
    """Return the SHA-256 of all that a manifest says."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def sum_counts(
    counts: Iterable[Mapping[str, int]], minus: Iterable[Mapping[str, int]] = ()
) -> dict[str, int]:
    """Return the sum of counts minus others, by name, those that are 0 left out."""
    total: Counter[str] = Counter()
    for own in counts:
        total.update(own)
    for own in minus:
        total.subtract(own)
    return {name: count for name, count in sorted(total.items()) if count}
