"""The files and folders of an index.

::

    INDEX/
        manifest.json           names what is in force; replacing it is the one commit point
        segments/000001/        written once, never changed
            documents.sqlite    documents with their views, and which fields they have
            views.faiss         inner-product vectors, one file per representation
            views.views.npy     which of its document's views every vector shows
            views.starts.npy    int64: the first vector of every document, and the end
            signatures.npy      uint8: MinHash of title and text (text/near_duplicates.py)
            words.*  ngrams.*    how often terms are in documents (indexes/lexical/postings.py)
            live_docs.000002.npy    which documents are still there, since that generation
            views.ann.000003.faiss      ANN index of the vectors, since that generation
        encoder/                the encoder, where the index was imported with it
        ledger.sqlite           generated views, reused by every build; sealed by its
                                SHA-256 in ledger.sqlite.sha256 while nobody writes to it
        parsed.sqlite           what was found in files of a folder, so that PDFs are read once
        skipped.json            what of its corpora was left out, or read with a repair
        building-KEY/           a build in progress, which the next one continues; on a cluster with
                                shards/ (indexes/store/shards.py)
        building-merge/         a merge in progress, which begins again
        writer.lock             lock of the process that changes the index; writer.json describes it

Readers retain the segments that they opened, as in Lucene; a writer never touches them.

An index folder may have entries that others left, and may have come from elsewhere with links in
it. A writer ignores entries of other names, and refuses to change an index with a link instead of a
folder or a database that it would write to (`Layout.find_link`).
"""

import re
from pathlib import Path

from corpus_tuner.core.files import get_temporary_file
from corpus_tuner.core.sealed_database import get_seal
from corpus_tuner.errors import SearchIndexError

ENCODER = "./encoder"
"""The name, in a manifest, of the encoder that is in the index itself."""

GENERATION_FILE = re.compile(r".+\.\d{6,12}\.[a-z]+")
"""Names of the files of a segment that a later generation may replace."""

_NUMBER = re.compile(r"\d{6}|[1-9]\d{6,11}")
_STAGING = re.compile(r"building-(?:merge|import|[0-9a-f]{16})")


class Layout:
    """The files and folders of one index.

    Attributes
    ----------
    index
        Folder of the index.
    manifest, lock, ledger, ledger_seal, parsed, skipped, encoder, segments
        Files and folders that are described above.
    writer
        Description of the process with the write lock.
    merging, importing
        Folders in which segments are merged, and an archive is unpacked.
    """

    def __init__(self, index: Path) -> None:
        self.index = index
        self.manifest = index / "manifest.json"
        self.lock = index / "writer.lock"
        self.writer = index / "writer.json"
        self.ledger = index / "ledger.sqlite"
        self.ledger_seal = get_seal(self.ledger)
        self.parsed = index / "parsed.sqlite"
        self.skipped = index / "skipped.json"
        self.encoder = index / ENCODER
        self.segments = index / "segments"
        self.merging = index / "building-merge"
        self.importing = index / "building-import"

    def get_segment_folder(self, name: str) -> Path:
        """Return the folder of a segment.

        Raises
        ------
        SearchIndexError
            If `name` is not the plain number that it must be (it comes from a file).
        """
        if not _NUMBER.fullmatch(name):
            raise SearchIndexError(f"{self.manifest} names a segment {name!r}, which cannot be")
        return self.segments / name

    def get_staging_folder(self, key: str) -> Path:
        """Return the folder in which a build with `key` works."""
        return self.index / f"building-{key[:16]}"

    @property
    def builds_in_progress(self) -> list[Path]:
        """Folders of builds that did not finish."""
        found = sorted(self.index.glob("building-*")) if self.index.is_dir() else []
        return [one for one in found if _STAGING.fullmatch(one.name) and _is_own_folder(one)]

    @property
    def segment_folders(self) -> list[Path]:
        """Folders of segments, in force or not."""
        found = sorted(self.segments.iterdir()) if self.segments.is_dir() else []
        return [one for one in found if _NUMBER.fullmatch(one.name) and _is_own_folder(one)]

    @property
    def temporary_files(self) -> list[Path]:
        """Files that a killed process may have left where it was to replace others."""
        return [
            get_temporary_file(file)
            for file in (self.manifest, self.writer, self.skipped, self.ledger_seal)
        ]

    def find_link(self) -> Path | None:
        """Return a link instead of a folder or file that is written to; ``None`` without one."""
        databases = [
            file.with_name(f"{file.name}{suffix}")
            for file in (self.ledger, self.parsed)
            for suffix in ("", "-wal", "-shm", "-journal")
        ]
        folders = [
            *(one for one in self.index.glob("building-*") if _STAGING.fullmatch(one.name)),
            *(one for one in self.segments.glob("*") if _NUMBER.fullmatch(one.name)),
        ]
        staged = [one for build in self.builds_in_progress for one in build.rglob("*")]
        written = (self.lock, self.segments, self.encoder, *databases, *folders, *staged)
        return next((path for path in written if path.is_symlink()), None)


def _is_own_folder(path: Path) -> bool:
    """Tell whether a path is a folder and not a link to one."""
    return path.is_dir() and not path.is_symlink()


DOCUMENTS = "documents.sqlite"
"""File of a segment's documents and views."""
SIGNATURES = "signatures.npy"
"""File of the MinHash signatures of a segment's documents, uint8, one after the other."""
WINDOWS = "windows.npy"
"""File of the number of passages that every document of a segment is scored by, int32."""
