"""Crash recovery of builds: documents staged before, and shards that a cluster finished."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from corpus_tuner.building.diff import CorpusDiff
from corpus_tuner.building.ray_cluster import Cluster, choose_shard_size
from corpus_tuner.building.ray_worker import WorkerTask
from corpus_tuner.building.segment_builder import open_staging
from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import show_activity
from corpus_tuner.generation.ledger import Ledger
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.indexes.store.commit import move_segment
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.shards import Shards
from corpus_tuner.indexes.store.soft_delete import soft_delete


class BuildInProgress(ExitStack):
    """The segments of a build, which continues one that was interrupted; a context manager.

    The ledgers of shards are merged into the ledger.

    Attributes
    ----------
    staging
        Staged documents of the segment of this process.

    Raises
    ------
    SearchIndexError
        If a file in the working folder is damaged.
    """

    def __init__(self, index: Path, folder: Path, opened: OpenRecipe, ledger: Path) -> None:
        super().__init__()
        self._index = index
        self._folder = folder
        self._ledger = ledger
        self.staging = self.enter_context(closing(open_staging(folder, opened)))
        self._built: list[SegmentEntry] = []
        try:
            self._shards = Shards(index, folder)
            self._merge_ledgers()
            self._finished = self._shards.read_finished()
            layout = Layout(index)
            folders = [layout.get_segment_folder(entry.name) for entry in self._finished]
            live_docs = [np.ones(entry.documents, bool) for entry in self._finished]
            self._segments = self.enter_context(closing(Segments(folders, live_docs)))
        except BaseException:
            self.close()
            raise
        self._diff = CorpusDiff(self._segments)

    def find_missing(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents that no finished shard contains."""
        return self._diff.find_new(documents)

    def defer(self, documents: Sequence[Document]) -> None:
        """Append documents that are staged, and leave the others to a cluster."""
        missing = self.staging.find_missing(documents)
        self._shards.take(missing)
        deferred = {one.id for one in missing}
        self.staging.arrange([one for one in documents if one.id not in deferred])

    def build_shards(self, cluster: Cluster, workers: int, task: WorkerTask) -> None:
        """Build the deferred documents on a cluster.

        Raises
        ------
        CorpusTunerError
            If a worker fails.
        """
        if not self._shards.taken:
            return
        size = choose_shard_size(self._shards.taken, workers)
        shards = self._shards.cut(cluster.settings.shard_documents, size)
        built = {entry.digest: entry for entry in cluster.build_shards(shards, task, workers)}
        self._built = [built[shard.digest] for shard in shards]
        self._merge_ledgers()

    def write(self, generation: int) -> list[SegmentEntry]:
        """Write the segment of the staged documents, and return the entries of all segments.

        They are put in force by the commit of this generation.
        """
        finished = soft_delete(self._finished, self._segments, self._diff.removed, generation)
        entries = [*finished, *self._built]
        if self.staging.documents:
            with show_activity("writing the index"):
                entries.append(move_segment(self._index, self.staging.write(), self._folder))
        return entries

    def _merge_ledgers(self) -> None:
        files = self._shards.list_ledgers()
        if files:
            with Ledger(self._ledger) as ledger:
                for file in files:
                    ledger.absorb(file)
