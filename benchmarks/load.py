"""The service under load: 32 clients, an index that is switched meanwhile, and its memory.

Run: python -m benchmarks.load [FOLDER] [--clients N] [--seconds S] [--set STAGE.KEY=VALUE]
     python -m benchmarks.load FOLDER --index INDEX [--clients N] [--seconds S] [--workers N]

FOLDER is a collection in BEIR layout, by default the English sample. The baseline is one client
that asks one query at a time. Then all clients ask as fast as they are answered (saturation), then
at half of that rate at random times (below saturation), then as fast as they can while the index
is built again with other settings and switched. Clients and service share the machine.

INDEX is one that is there, a folder or an address of Qdrant: it is served as it is, and is not
switched. The memory is that of the process that was started, not of its workers.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from corpus_tuner import sample_folder
from corpus_tuner.eval.trec.queries import read_queries

RECIPE = ("generator=null", "calibrate=false")
CHANGED = ("views.title=false",)


@dataclass
class Phase:
    """What the clients saw."""

    name: str
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def milliseconds(self, percentile: float) -> float:
        """Return a percentile of the times of answers."""
        return 1e3 * float(np.percentile(self.times, percentile))

    def as_dict(self) -> dict[str, object]:
        """Return what is to be printed."""
        p50, p99 = self.milliseconds(50), self.milliseconds(99)
        return {
            "phase": self.name,
            "answers a second": round(self.rate, 1),
            "p50 ms": round(p50, 1),
            "p99 ms": round(p99, 1),
            "p99 : p50": round(p99 / p50, 1),
            "statuses": dict(self.statuses),
        }


def client(
    phase: Phase,
    address: tuple[str, int],
    queries: Sequence[str],
    seed: int,
    rate: float | None,
    ends: threading.Event,
) -> None:
    """Ask again and again: at once, or `rate` times a second at random times."""
    chance = random.Random(seed)
    connection = HTTPConnection(*address, timeout=60)
    due = time.perf_counter()
    while not ends.is_set():
        if rate is not None:
            due += chance.expovariate(rate)
            if ends.wait(max(0.0, due - time.perf_counter())):
                break
        body = json.dumps({"query": chance.choice(queries), "k": 10})
        start = time.perf_counter()
        try:
            connection.request("POST", "/v1/search", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            status = str(answer.status)
        except OSError as error:
            status = type(error).__name__
            connection.close()
        took = time.perf_counter() - start
        with phase.lock:
            phase.statuses[status] += 1
            if status == "200":
                phase.times.append(took)
        if status == "429":
            time.sleep(0.1)
    connection.close()


@contextmanager
def clients(
    phase: Phase,
    address: tuple[str, int],
    queries: Sequence[str],
    count: int,
    rate: float | None = None,
) -> Iterator[None]:
    """Let clients ask while the context lasts; `rate` is that of all together."""
    ends = threading.Event()
    own = None if rate is None else rate / count
    threads = [
        threading.Thread(target=client, args=(phase, address, queries, seed, own, ends))
        for seed in range(count)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ends.set()
        phase.seconds = time.perf_counter() - start
        for thread in threads:
            thread.join()


def build(folder: Path, index: Path, settings: Sequence[str]) -> None:
    """Build, or build again, in a process of its own."""
    chosen = [part for setting in settings for part in ("--set", setting)]
    command = ["-m", "corpus_tuner", "build", str(folder), "-o", str(index), *chosen]
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def service(index: str | Path, workers: int = 1) -> Iterator[tuple[tuple[str, int], int]]:
    """Serve the index; yield its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = ("127.0.0.1", int(free.getsockname()[1]))
    command = ["-m", "corpus_tuner", "serve", str(index), "--port", str(address[1])]
    command += ["--workers", str(workers)]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    try:
        while not _answers(address):
            if process.poll() is not None:
                raise SystemExit("the service did not start")
            time.sleep(0.2)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def _answers(address: tuple[str, int]) -> bool:
    try:
        connection = HTTPConnection(*address, timeout=5)
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False


def memory(process: int) -> float:
    """Return what a process holds, in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def switched(address: tuple[str, int]) -> float:
    """Return how many times the service has switched to a rebuilt index."""
    connection = HTTPConnection(*address, timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    name = "corpus_tuner_index_reloads "
    return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def measure(
    folder: Path,
    recipe: Sequence[str],
    count: int,
    seconds: float,
    there: str | None = None,
    workers: int = 1,
) -> dict[str, object]:
    """Go through the phases."""
    (file,) = folder.glob("queries.jsonl*")
    queries = list(read_queries(file).values())
    phases: list[Phase] = []
    with tempfile.TemporaryDirectory() as name:
        index = Path(name) / "index"
        if there is None:
            build(folder, index, recipe)
        with service(there or index, workers if there else 1) as (address, process):
            with clients(Phase("warm-up"), address, queries, count):
                time.sleep(min(10.0, seconds))
            sequential = Phase("one at a time")
            with clients(sequential, address, queries, 1):
                time.sleep(seconds / 2)
            full = Phase(f"{count} clients")
            held = [memory(process)]
            with clients(full, address, queries, count):
                for _ in range(10):
                    time.sleep(seconds / 10)
                    held.append(memory(process))
            half = Phase(f"{count} clients, half that rate")
            with clients(half, address, queries, count, full.rate / 2):
                time.sleep(seconds)
            phases += (sequential, full, half)
            if there is None:
                switch = Phase(f"{count} clients, index switched")
                with clients(switch, address, queries, count):
                    build(folder, index, [*recipe, *CHANGED])
                    while not switched(address):
                        time.sleep(0.5)
                    time.sleep(2)
                phases.append(switch)
    return {
        "phases": [phase.as_dict() for phase in phases],
        "all together : one at a time": round(full.rate / sequential.rate, 2),
        "memory in MiB": [round(size) for size in held],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=sample_folder("en"))
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--index")
    parser.add_argument("--workers", type=int, default=1, help="of the service of an INDEX")
    chosen = parser.parse_args()
    recipe = [*RECIPE, *chosen.settings]
    how = (chosen.clients, chosen.seconds, chosen.index, chosen.workers)
    print(json.dumps(measure(chosen.folder, recipe, *how), indent=2))


if __name__ == "__main__":
    main()
