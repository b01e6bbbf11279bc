"""The cluster that a build is spread over, as the process that started the build sees it."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from corpus_tuner.building.merge import LARGE
from corpus_tuner.building.ray_worker import DocumentCounter, Worker, WorkerTask
from corpus_tuner.config.ray import RaySettings
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.progress import Meter, print_note, show_activity
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.shards import Shard

LOCAL, RUNNING = "local", "auto"
"""Addresses: a cluster of this machine only, started for a build; and the one it is a part of."""
_MOST_SHARDS = 64
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_TO_CONNECT = 10.0


class Cluster:
    """A Ray cluster; connected to when it is first used.

    Parameters
    ----------
    address
        ``local``, ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``.
    settings
        How a build is spread over it.

    Attributes
    ----------
    settings
        Settings of the cluster.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    """

    def __init__(self, address: str, settings: RaySettings) -> None:
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # else it warns of its own habits
        try:
            import ray.data
        except ImportError:
            raise MissingExtraError(
                f"a build on a cluster ({named('ray', '--ray')})", "ray"
            ) from None
        self._ray: ModuleType = ray
        self._address = address
        self.settings = settings

    @contextmanager
    def connect(self) -> Iterator[int]:
        """Stay connect, and yield the number of workers.

        Raises
        ------
        CorpusTunerError
            If there is no such cluster, or it has no room for a worker.
        """
        ray = self._ray
        if ray.is_initialized():  # by whoever called
            yield self._count_workers()
            return
        try:
            with show_activity("connecting to the Ray cluster"):
                _check_address(self._address)
                options: dict[str, Any] = {"include_dashboard": False}
                ray.init(
                    address=self._address,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    **(options if self._address == LOCAL else {}),
                )
        except Exception as error:  # Ray raises this very class where a machine is too slow
            reason = " ".join(str(error).split()).rstrip(".")
            raise CorpusTunerError(
                f"cannot connect to a Ray cluster at {self._address!r} ({reason}): set "
                f"{named('ray', '--ray')} to {LOCAL} for this machine only, to {RUNNING} on a "
                "machine of a cluster, or to HOST:PORT"
            ) from error
        try:
            yield self._count_workers()
        finally:
            ray.shutdown()

    def build_shards(
        self, shards: Sequence[Shard], task: WorkerTask, workers: int
    ) -> Iterator[SegmentEntry]:
        """Yield the entries of some shards as they are finished.

        A shard whose worker dies goes on in another one.

        Raises
        ------
        CorpusTunerError
            If a worker found a problem that the user can fix.
        """
        ray = self._ray
        counter = ray.remote(num_cpus=0)(DocumentCounter).remote()
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        made = ray.data.from_items(
            [shard._asdict() for shard in shards], override_num_blocks=len(shards)
        ).map(
            Worker,
            fn_constructor_args=(task, counter),
            compute=ray.data.ActorPoolStrategy(
                size=min(workers, len(shards)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=self.settings.cpus,
            num_gpus=self.settings.gpus or None,
        )
        with self._show_progress(sum(shard.documents for shard in shards), counter):
            for row in made.iter_rows():
                if row["problem"]:
                    raise CorpusTunerError(row["problem"])
                yield SegmentEntry.model_validate_json(row["entry"])

    @contextmanager
    def _show_progress(self, documents: int, counter: Any) -> Iterator[None]:
        """Show how many documents are done."""
        over = Event()
        with Meter("building on the cluster", lambda: documents) as meter:

            def look() -> None:
                shown = 0
                while not over.wait(_SECONDS_BETWEEN_LOOKS):
                    try:
                        done = self._ray.get(counter.sum.remote(), timeout=60)
                    except self._ray.exceptions.RayError:
                        return  # its machine is gone: the work goes on unseen
                    meter.advance(done - shown)
                    shown = done

            looking = Thread(target=look, daemon=True)
            looking.start()
            try:
                yield
            finally:
                over.set()
                looking.join()

    def _count_workers(self) -> int:
        """Return how many workers there are to be."""
        wanted = {"CPU": self.settings.cpus, "GPU": self.settings.gpus}
        there = self._ray.cluster_resources()
        room = min(int(there.get(name, 0) // count) for name, count in wanted.items() if count)
        if not room:
            needed = ", ".join(f"{count:g} {name}" for name, count in wanted.items() if count)
            problem = f"the cluster has no room for a worker, which takes {needed}"
            if not self.settings.workers or self._address == LOCAL:
                raise CorpusTunerError(
                    f"{problem}: change ray.cpus or ray.gpus, or, where machines are started when "
                    "they are requested, say how many workers there are to be (ray.workers)"
                )
            print_note(f"{problem}: waiting for machines")
        return self.settings.workers or room


def _check_address(address: str) -> None:
    """Raise `OSError` where nobody is at an address; Ray would try for minutes."""
    at = urlsplit(address if "://" in address else f"//{address}")
    if at.port:
        socket.create_connection((at.hostname, at.port), _SECONDS_TO_CONNECT).close()


def choose_shard_size(documents: int, workers: int) -> int:
    """Return the number of documents of a shard where the settings do not give it.

    Every worker gets one shard; a large corpus is cut into up to 64 shards of 32,768 documents or
    more.

    Examples
    --------
    >>> choose_shard_size(1_000, 4), choose_shard_size(1_000_000, 4)
    (250, 33334)
    """
    shards = max(workers, min(_MOST_SHARDS, documents // LARGE))
    return -(-documents // shards)
