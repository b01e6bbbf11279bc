"""What a build that has not finished has: documents that are staged, and shards of clusters."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.building.diff import Comparison
from corpus_tuner.building.ray_cluster import Cluster, shard_size
from corpus_tuner.building.ray_worker import Order
from corpus_tuner.building.segment import Indexed, stage
from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import show_activity
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.ledger import Ledger
from corpus_tuner.indexes.store.live_docs import LiveDocs
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.segment_writer import SEGMENT
from corpus_tuner.indexes.store.shards import Shards
from corpus_tuner.indexes.store.soft_delete import soft_delete

_SIZE = "shard documents"
"""Notes how large shards are, so that a build that goes on cuts the same ones."""


class Written(NamedTuple):
    """The segments that a build has written.

    Attributes
    ----------
    entries
        Theirs.
    live_docs
        Which documents are still there, by name, for those that hold some that the corpus has not.
    folder
        Of the files of the last one, if that is yet to be given its name.
    """

    entries: tuple[SegmentEntry, ...]
    live_docs: dict[str, LiveDocs]
    folder: Path | None


class Unfinished:
    """What a build has by now; a context manager. What another one left is gone on from.

    Parameters
    ----------
    index
        The folder of the index, locked.
    folder
        In which the build works.
    indexed
        What is indexed of documents.
    ledger
        The file of what was generated. It is given what is in the ledgers of shards.

    Attributes
    ----------
    folder
        As given.
    staging
        The documents that are staged here.

    Raises
    ------
    SearchIndexError
        If what is in the folder is damaged.
    """

    def __init__(self, index: Path, folder: Path, indexed: Indexed, ledger: Path) -> None:
        self.folder = folder
        self._indexed = indexed
        self._ledger = ledger
        self._stack = ExitStack()
        self.staging = self._stack.enter_context(closing(indexed.open_staging(folder)))
        try:
            self._shards = Shards(index, folder)
            self._gather()
            self._finished = self._shards.finished()
            self._segments = self._stack.enter_context(closing(self._shards.opened(self._finished)))
        except BaseException:
            self._stack.close()
            raise
        self._comparison = Comparison(self._segments)
        self._made: list[SegmentEntry] = []

    def __enter__(self) -> "Unfinished":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def missing(self, documents: Sequence[Document]) -> list[Document]:
        """Return those of some documents that no finished shard has."""
        return self._comparison.new(documents)

    def make(self, documents: Sequence[Document], enricher: Enricher) -> None:
        """Put documents into the index, here."""
        stage(self.staging, enricher, documents)

    def leave(self, documents: Sequence[Document]) -> None:
        """Put documents into the index; those that are not staged are left to a cluster."""
        missing = self.staging.find_missing(documents)
        self._shards.take(missing)
        left = {one.id for one in missing}
        self.staging.arrange([one for one in documents if one.id not in left])

    def make_on(self, cluster: Cluster, workers: int, order: Order) -> None:
        """Let a cluster make what is left to it.

        Raises
        ------
        CorpusTunerError
            If one of its workers cannot.
        """
        if not self._shards.taken:
            return
        asked, noted = cluster.settings.shard_documents, self.staging.read_note(_SIZE)
        size = asked or noted or shard_size(self._shards.taken, workers)
        self.staging.write_note(_SIZE, size)
        shards = self._shards.cut(size)
        made = {entry.digest: entry for entry in cluster.make(shards, order, workers)}
        self._made = [made[shard.digest] for shard in shards]
        self._gather()

    def write(self) -> Written:
        """Write the segment of what is staged, and return all there are."""
        found, live_docs = soft_delete(self._finished, self._segments, self._comparison.gone)
        entries = (*found, *self._made)
        if not self.staging.documents:
            return Written(entries, live_docs, None)
        with show_activity("writing the index"):
            entries = (*entries, self._indexed.write(self.staging))
        return Written(entries, live_docs, self.folder / SEGMENT)

    def _gather(self) -> None:
        files = self._shards.ledgers()
        if files:
            with Ledger(self._ledger) as ledger:
                for file in files:
                    ledger.absorb(file)
