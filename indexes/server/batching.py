"""Many requests, one call of the encoder: what waits together is searched together.

A few threads search; while all are at work further queries gather, and go as one batch when one
is free. With two, one encodes while the other ranks. When too many wait, a request is refused at
once: a growing queue makes all of them late.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from corpus_tuner.indexes.search.fusion import Mode
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.server.live import Live


class BusyError(Exception):
    """Too many queries wait already."""


class _Wanted(NamedTuple):
    """How queries are to be searched: those that want the same can go together."""

    k: int
    mode: Mode | None
    filter: str


class _Waiting(NamedTuple):
    """A request that waits."""

    queries: list[str]
    wanted: _Wanted
    filter: dict[str, Any] | None
    answer: "asyncio.Future[list[list[Hit]]]"


class Batcher:
    """Gathers requests.

    Parameters
    ----------
    live
        What is searched.
    waiting
        Queries that may wait.
    batch
        Queries that are searched at once.
    workers
        Batches that are searched at the same time.
    """

    def __init__(self, live: Live, waiting: int, batch: int, workers: int) -> None:
        self.live = live
        self.queue: list[_Waiting] = []
        self.batches = 0
        self._most_waiting = waiting
        self._batch = batch
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, "search")
        self._work: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many queries wait."""
        return sum(len(each.queries) for each in self.queue)

    async def search(
        self, queries: Sequence[str], k: int, mode: Mode | None, filter: dict[str, Any] | None
    ) -> list[list[Hit]]:
        """Search, together with others.

        Raises
        ------
        BusyError
            If too many wait.
        SearchIndexError
            As `Searcher.search` raises it.
        """
        if self.waiting and self.waiting + len(queries) > self._most_waiting:
            raise BusyError
        answer = asyncio.get_running_loop().create_future()
        wanted = _Wanted(k, mode, repr(filter))
        self.queue.append(_Waiting(list(queries), wanted, filter, answer))
        if len(self._work) < self._workers:
            work = asyncio.create_task(self._drain())
            self._work.add(work)
            work.add_done_callback(self._work.discard)
        found: list[list[Hit]] = await answer
        return found

    async def close(self) -> None:
        """Answer what waits, then stop."""
        await asyncio.gather(*self._work)
        self._threads.shutdown()

    async def _drain(self) -> None:
        while self.queue:
            some = self._next()
            queries = [query for each in some for query in each.queries]
            wanted, filter = some[0].wanted, some[0].filter
            loop = asyncio.get_running_loop()
            try:
                found = await loop.run_in_executor(
                    self._threads, self.live.search, queries, wanted.k, wanted.mode, filter
                )
            except Exception as error:  # whatever it is, it is the answer
                for each in some:
                    if not each.answer.done():
                        each.answer.set_exception(error)
                continue
            self.batches += 1
            for each in some:
                if not each.answer.done():  # whoever asked may have gone
                    each.answer.set_result(found[: len(each.queries)])
                found = found[len(each.queries) :]

    def _next(self) -> list[_Waiting]:
        """Take the first request, and others that want the same."""
        self.queue = [each for each in self.queue if not each.answer.done()] or self.queue[:1]
        wanted = self.queue[0].wanted
        taken: list[_Waiting] = []
        left: list[_Waiting] = []
        size = 0
        for each in self.queue:
            fits = not taken or size + len(each.queries) <= self._batch
            if each.wanted == wanted and fits:
                taken.append(each)
                size += len(each.queries)
            else:
                left.append(each)
        self.queue = left
        return taken
