"""Shards: parts of a build in progress, each built by one process on any machine.

The documents that are to be made are written to one file, in which a shard is a range of bytes. A
shard works in a folder of its own, named by its documents, so that one whose process was killed is
gone on with by whoever takes it next. Its segment is moved to where it stays, and then an entry
says that it is finished; no manifest names it before the commit of the whole build. What is
finished is found by the documents' digests: a build that was killed makes none of it again,
whatever the corpus has become meanwhile.

::

    INDEX/building-KEY/shards/
        documents.jsonl         the documents that are to be made
        shard_documents         the size of shards
        0123456789abcdef/       a shard at work: what it staged, its ledger, its segment
        0123456789abcdef.json   a finished one: the entry of its segment
        0123456789abcdef.lock   lock of the process that builds it

The file system is one that all machines share. It is required that renaming is atomic, and that
all see the lock of a file.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock
from pydantic import ValidationError

from corpus_tuner.core.documents import Document, add_digests, compute_digest
from corpus_tuner.core.files import write_text
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.commit import move_segment
from corpus_tuner.indexes.store.manifest import SegmentEntry, iter_segment_files

MAX_CRASHES = 20
"""So often the process that makes a shard may die before it is given up."""
LEDGER = "ledger.sqlite"
"""The file in a shard's folder for what was generated."""
_CRASHES = "deaths"


class Shard(NamedTuple):
    """Some of the documents that are to be made.

    Attributes
    ----------
    digest
        Digest of the documents (`corpus_tuner.core.documents.add_digests`).
    start, end
        Where they are in the file, in bytes.
    documents
        Number of documents.
    """

    digest: str
    start: int
    end: int
    documents: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.digest[:16]


class Shards:
    """The shards of the build of an index in a working folder.

    Attributes
    ----------
    folder
        That of the shards.
    taken
        Number of documents to build.
    """

    def __init__(self, index: Path, building: Path) -> None:
        self.folder = building / "shards"
        self._index = index
        self._source = self.folder / "documents.jsonl"
        self.taken = 0
        self._chunks: list[Shard] = []

    def read_finished(self) -> tuple[SegmentEntry, ...]:
        """Return the entries of the finished ones that are whole, in the order of their names."""
        found = []
        for file in self.folder.glob("*.json"):
            entry = _read_entry(file)
            if entry and not any(
                stored.check_size(path) for path, stored in iter_segment_files(self._index, [entry])
            ):
                found.append(entry)
            else:
                file.unlink()
        return tuple(sorted(found, key=lambda entry: entry.name))

    def take(self, documents: Sequence[Document]) -> None:
        """Write documents that are to be made, behind those that were taken before."""
        if not documents:
            return
        if not self._chunks:
            self.folder.mkdir(exist_ok=True)
            self._source.unlink(missing_ok=True)
        with self._source.open("ab") as file:
            for one in documents:
                values = [one.id, one.title, one.text, dict(one.metadata)]
                file.write(f"{json.dumps(values)}\n".encode())
            end = file.tell()
        start = self._chunks[-1].end if self._chunks else 0
        digest = add_digests("", map(compute_digest, documents))
        self._chunks.append(Shard(digest, start, end, len(documents)))
        self.taken += len(documents)

    def cut(self, size: int | None, default: int) -> list[Shard]:
        """Return the shards of all that was taken, of `size` documents or, by a chunk, more.

        Without a size a build that is continued cuts the same shards as before, and another one
        shards of the default size.
        """
        stored = self.folder / "shard_documents"
        if size is None:
            size = int(stored.read_text(encoding="utf-8")) if stored.is_file() else default
        write_text(stored, str(size))
        for file in self.folder.glob(f"*/{_CRASHES}"):  # of another run
            file.unlink()
        shards: list[Shard] = []
        for chunk in self._chunks:
            last = shards[-1] if shards else None
            if last is None or last.documents >= size:
                shards.append(chunk)
                continue
            digest = add_digests(last.digest, [chunk.digest])
            shards[-1] = Shard(digest, last.start, chunk.end, last.documents + chunk.documents)
        return shards

    def make(
        self, shard: Shard, making: Callable[[Path, Iterator[Document]], SegmentEntry]
    ) -> SegmentEntry:
        """Return the entry of a shard's segment, which is made unless it is there.

        If another process builds it, this one waits. `making` is given the shard's folder, with
        whatever was left there, and the documents, and writes the segment into that folder.

        Raises
        ------
        SearchIndexError
            If the index is not there on this machine, the documents are not those that the shard
            was cut from, or processes that made it died again and again.
        """
        if not self._source.is_file():
            raise SearchIndexError(
                f"{self._source} is not there: the index must be in a folder that all machines "
                "share, under the same path"
            )
        finished = self.folder / f"{shard.name}.json"
        working = self.folder / shard.name
        with FileLock(self.folder / f"{shard.name}.lock"):
            entry = _read_entry(finished)
            if entry is None:
                working.mkdir(exist_ok=True)
                with _count_crashes(working):
                    made = making(working, self._read_documents(shard))
                if made.digest != shard.digest:
                    raise SearchIndexError(f"{self._source} was written anew: run the build again")
                entry = move_segment(self._index, made, working)
                write_text(finished, entry.model_dump_json())
            for file in working.iterdir():  # but for the ledger all is in the segment
                if not file.name.startswith(LEDGER):
                    file.unlink()
        return entry

    def list_ledgers(self) -> list[Path]:
        """Return the ledgers of all shards, finished or not."""
        return sorted(self.folder.glob(f"*/{LEDGER}"))

    def _read_documents(self, shard: Shard) -> Iterator[Document]:
        with self._source.open("rb") as file:
            file.seek(shard.start)
            for _ in range(shard.documents):
                yield Document(*json.loads(file.readline()))


@contextmanager
def _count_crashes(working: Path) -> Iterator[None]:
    """Keep a mark for every time that this was begun and did not come to an end, good or bad."""
    file = working / _CRASHES
    crashes = file.stat().st_size if file.is_file() else 0
    if crashes >= MAX_CRASHES:
        raise SearchIndexError(
            f"processes that worked in {working} died {crashes} times: see whether there is memory "
            "enough, and run the same command again to go on"
        )
    with file.open("ab") as marks:
        marks.write(b".")
    try:
        yield
    finally:
        file.unlink()


def _read_entry(file: Path) -> SegmentEntry | None:
    """Return the entry of a finished shard; nothing if it is not finished."""
    try:
        return SegmentEntry.model_validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
