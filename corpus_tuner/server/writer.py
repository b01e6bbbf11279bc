"""Queue of changes of the index, which one thread makes one after the other.

Changes do not take the threads of other requests. When too many wait, a request is refused at once.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from corpus_tuner.building.add import Adder
from corpus_tuner.building.diff import Changes
from corpus_tuner.building.merge import merge_due_segments
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.store.soft_delete import Removal, delete_documents
from corpus_tuner.server.batching import BusyError
from corpus_tuner.server.reloading import LiveSearcher

MAX_WAITING = 64
"""Maximum number of changes that wait."""
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class NotReloadedError(Exception):
    """A change is committed, and the service cannot open the changed index."""


class Writer:
    """Changes an index, and reloads it after every change.

    Segments are merged when that is due, after the response to the change. Weights are not
    calibrated.

    Parameters
    ----------
    adder
        Adds documents to the index.
    live
        Searcher of the current index.
    """

    def __init__(self, adder: Adder, live: LiveSearcher) -> None:
        self._adder = adder
        self._live = live
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, "writer")

    async def add(self, documents: Sequence[Mapping[str, Any]]) -> Changes:
        """Add documents; see `_change` for errors."""
        return await self._change(lambda: self._adder.add([*documents]).changes)

    async def remove(self, id: str) -> Removal:
        """Remove a document; see `_change` for errors."""
        return await self._change(lambda: delete_documents(self._adder.index, [id]))

    async def close(self) -> None:
        """Wait for changes that have begun, and refuse those that wait."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)

    async def _change(self, change: Callable[[], _Result]) -> _Result:
        """Make a change in the thread, and return when searches find it.

        Raises
        ------
        BusyError
            If `MAX_WAITING` changes wait already.
        CorpusTunerError
            If the change is not possible, or another process is changing the index.
        NotReloadedError
            If the index cannot be reloaded, although the change is committed.
        """
        if self._waiting >= MAX_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._thread, self._change_and_reload, change)
            self._thread.submit(self._merge)
            return result
        finally:
            self._waiting -= 1

    def _change_and_reload(self, change: Callable[[], _Result]) -> _Result:
        result = change()
        reason = self._live.reload()
        if reason:
            raise NotReloadedError(reason)
        return result

    def _merge(self) -> None:
        """Merge segments if that is due; what fails now is tried again after the next change."""
        try:
            if merge_due_segments(self._adder.index):
                self._live.reload()
        except CorpusTunerError as error:
            _log.warning("segments are not merged: %s", error)
