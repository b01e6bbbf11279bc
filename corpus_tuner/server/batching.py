"""Many requests, one call of the encoder: what waits together is searched together.

A few threads search; while all are at work further queries gather, and go as one batch when one
is free. With two, one encodes while the other ranks. When too many wait, a request is refused at
once: a growing queue makes all of them late.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from corpus_tuner.indexes.filters import Condition
from corpus_tuner.indexes.search.hits import Hits
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.server.reloading import Live


class BusyError(Exception):
    """Too many queries wait already."""


class Group(NamedTuple):
    """How queries are to be searched: those of one group can go together.

    Attributes
    ----------
    k
        Documents per query.
    mode, condition, min_probability
        As `Searcher.search` takes them.
    """

    k: int
    mode: Mode | None = None
    condition: Condition | None = None
    min_probability: float = 0.0


class _Request(NamedTuple):
    """A request that waits for its answer."""

    queries: list[str]
    group: Group
    answer: "asyncio.Future[list[Hits]]"


class Batcher:
    """Gathers requests.

    Parameters
    ----------
    live
        The index that is searched.
    waiting
        Queries that may wait.
    batch
        Queries that are searched at once.
    workers
        Batches that are searched at the same time.
    """

    def __init__(self, live: Live, waiting: int, batch: int, workers: int) -> None:
        self.batches = 0
        self._live = live
        self._queue: list[_Request] = []
        self._most_waiting = waiting
        self._batch = batch
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, "search")
        self._work: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many queries wait."""
        return sum(len(request.queries) for request in self._queue)

    @property
    def full(self) -> bool:
        """Whether as many queries wait as may."""
        return self.waiting >= self._most_waiting

    async def search(self, queries: Sequence[str], group: Group) -> list[Hits]:
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
        answer: asyncio.Future[list[Hits]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Request(list(queries), group, answer))
        if len(self._work) < self._workers:
            work = asyncio.create_task(self._drain())
            self._work.add(work)
            work.add_done_callback(self._work.discard)
        return await answer

    async def close(self) -> None:
        """Answer what waits, then stop."""
        await asyncio.gather(*self._work)
        self._threads.shutdown()

    def _search(self, queries: list[str], group: Group) -> list[Hits]:
        """Search the index as it is now."""
        searcher = self._live.searcher
        return searcher.search(
            queries,
            group.k,
            mode=group.mode,
            filter=group.condition,
            min_probability=group.min_probability,
        )

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            requests = self._next()
            queries = [query for request in requests for query in request.queries]
            try:
                found = await loop.run_in_executor(
                    self._threads, self._search, queries, requests[0].group
                )
            except Exception as error:  # whatever it is, it is the answer
                for request in requests:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                continue
            self.batches += 1
            for request in requests:
                if not request.answer.done():  # whoever asked may have gone
                    request.answer.set_result(found[: len(request.queries)])
                found = found[len(request.queries) :]

    def _next(self) -> list[_Request]:
        """Take the first request, and others of its group."""
        open_ = [request for request in self._queue if not request.answer.done()]
        first, *others = open_ or self._queue[:1]
        taken, left, size = [first], [], len(first.queries)
        for request in others:
            if request.group == first.group and size + len(request.queries) <= self._batch:
                taken.append(request)
                size += len(request.queries)
            else:
                left.append(request)
        self._queue = left
        return taken
