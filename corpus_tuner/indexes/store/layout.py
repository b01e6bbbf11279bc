"""The files and folders of an index.

::

    INDEX/
        manifest.json           names what is in force; replacing it is the one commit point
        segments/000001/        written once, never changed
            documents.sqlite    documents, their views, and which fields they have
            views.faiss         inner-product vectors, one file per representation
            views.views.npy     int32: which of its document's views every vector shows
            views.starts.npy    int64: the first vector of every document, and the end
            signatures.npy      uint8: MinHash of every document's text (text/near_duplicates.py)
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
"""

import re
from pathlib import Path

from corpus_tuner.errors import SearchIndexError

ENCODER = "./encoder"
"""The name, in a manifest, of the encoder that is in the index itself."""

_NUMBER = re.compile(r"\d{6}")


class Layout:
    """The files and folders of one index.

    Attributes
    ----------
    index
        Folder of the index.
    manifest, lock, ledger, parsed, skipped, encoder, segments
        Files and folders that are described above.
    writer
        Description of the process with the write lock.
    merging
        Folder in which segments are merged.
    """

    def __init__(self, index: Path) -> None:
        self.index = index
        self.manifest = index / "manifest.json"
        self.lock = index / "writer.lock"
        self.writer = index / "writer.json"
        self.ledger = index / "ledger.sqlite"
        self.parsed = index / "parsed.sqlite"
        self.skipped = index / "skipped.json"
        self.encoder = index / ENCODER
        self.segments = index / "segments"
        self.merging = index / "building-merge"

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
        return sorted(self.index.glob("building-*")) if self.index.is_dir() else []


DOCUMENTS = "documents.sqlite"
"""File of a segment's documents and views."""
SIGNATURES = "signatures.npy"
"""File of the MinHash signatures of a segment's documents, uint8, one after the other."""
WINDOWS = "windows.npy"
"""File of the number of passages that every document of a segment is scored by, int32."""
