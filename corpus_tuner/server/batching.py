"""Dynamic batching: queries that wait together are encoded and searched together.

Threads search batches; while all of them work further queries queue up, and the next free thread
takes them as one batch. With two threads, one encodes while the other ranks. When too many queries
wait, a request is refused at once: a longer queue would make all of them late.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from corpus_tuner.indexes.filters import Condition
from corpus_tuner.indexes.search.hits import Hits
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.server.reloading import LiveSearcher
from corpus_tuner.server.tokens import Restriction

BATCH_SIZE = 16
"""Maximum number of queries in a batch."""
WORKERS = 2
"""Number of batches that are searched at the same time."""
MAX_WAITING = 256
"""Maximum number of queries that wait."""
TIMEOUT = 30.0
"""Maximum time to answer a search, in seconds."""


class BusyError(Exception):
    """Too many queries wait already."""


class SearchArguments(NamedTuple):
    """Arguments of `Searcher.search`, and the filter of the token that searches.

    Queries with the same ones can be one batch.
    """

    k: int
    mode: Mode | None = None
    filter: Condition | None = None
    min_probability: float = 0.0
    collapse: bool = True
    restriction: Restriction | None = None


class _Request(NamedTuple):
    """A request that waits for its hits."""

    queries: list[str]
    arguments: SearchArguments
    hits: "asyncio.Future[list[Hits]]"


class Batcher:
    """Queue of searches.

    Parameters
    ----------
    live
        Searcher of the current index.
    """

    def __init__(self, live: LiveSearcher) -> None:
        self.batches = 0
        self._live = live
        self._queue: list[_Request] = []
        self._threads = ThreadPoolExecutor(WORKERS, "search")
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Number of queries that wait."""
        return sum(len(request.queries) for request in self._queue)

    @property
    def full(self) -> bool:
        """Whether the maximum number of queries wait."""
        return self.waiting >= MAX_WAITING

    async def search(self, queries: Sequence[str], arguments: SearchArguments) -> list[Hits]:
        """Search queries, in a batch with others.

        Raises
        ------
        BusyError
            If too many queries wait.
        SearchIndexError
            See `Searcher.search`.
        """
        if self.waiting and self.waiting + len(queries) > MAX_WAITING:
            raise BusyError
        hits: asyncio.Future[list[Hits]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Request(list(queries), arguments, hits))
        if len(self._tasks) < WORKERS:
            task = asyncio.create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await hits

    async def close(self) -> None:
        """Search the queries that wait, then stop."""
        await asyncio.gather(*self._tasks)
        self._threads.shutdown()

    def _search(self, queries: list[str], arguments: SearchArguments) -> list[Hits]:
        options = arguments._asdict()
        return self._live.restrict(options.pop("restriction")).search(queries, **options)

    async def _drain(self) -> None:
        """Search batches until the queue is empty."""
        loop = asyncio.get_running_loop()
        while requests := self._take_batch():
            queries = [query for request in requests for query in request.queries]
            try:
                found = await loop.run_in_executor(
                    self._threads, self._search, queries, requests[0].arguments
                )
            except Exception as error:  # whatever it is, the requests have to end
                for request in requests:
                    if not request.hits.done():
                        request.hits.set_exception(error)
                continue
            self.batches += 1
            for request in requests:
                if not request.hits.done():  # the client may have disconnected
                    request.hits.set_result(found[: len(request.queries)])
                found = found[len(request.queries) :]

    def _take_batch(self) -> list[_Request]:
        """Remove the first request from the queue, and others with the same arguments.

        Those whose clients have disconnected are dropped.
        """
        self._queue = [request for request in self._queue if not request.hits.done()]
        if not self._queue:
            return []
        first, *others = self._queue
        batch, remaining, size = [first], [], len(first.queries)
        for request in others:
            if request.arguments == first.arguments and size + len(request.queries) <= BATCH_SIZE:
                batch.append(request)
                size += len(request.queries)
            else:
                remaining.append(request)
        self._queue = remaining
        return batch
