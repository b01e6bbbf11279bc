"""Build an index on a Ray cluster of this machine, and in one process on the same cores.

Run: python -m benchmarks.ray_build [CORPUS] [--documents N] [--cores N] [--rounds N]

Both are commands in processes of their own, without calibration, which is the same in both. Wall
time is what a user waits; where other work shares the cores, CPU time of all processes says more:
that of Ray's own are among them. What it takes to start, a build of eight documents, is shown and
taken off. After that, what every stage of a build does in a second, in one process; the figures of
docs/guide/ray.md are reckoned from these.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psutil

from corpus_tuner import Corpus, Document, Searcher, load_recipe, sample_folder
from corpus_tuner.building.segment_builder import open_staging, stage
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.open_recipe import open_recipe
from corpus_tuner.indexes.store.shards import Shards

OPTIONS = ["generator=extractive", "calibrate=false", "language=en"]
FEW = 8  # documents that tell what it takes to start


class Cost(NamedTuple):
    """Seconds that a command took: by the clock, and of all processors."""

    wall: float
    processor: float

    def without(self, start: "Cost") -> "Cost":
        """Return what is left without the start."""
        return Cost(self.wall - start.wall, self.processor - start.processor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--documents", type=int)
    parser.add_argument("--cores", type=int, default=1, help="and so many workers")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-chosen.cores :])
    os.environ["OMP_NUM_THREADS"] = str(chosen.cores)
    # Usually workers give way to whatever else runs.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    documents = list(islice(Corpus(chosen.corpus), chosen.documents))
    with tempfile.TemporaryDirectory() as folder:
        compare(documents, Path(folder), chosen.cores, chosen.rounds)
        measure_stages(documents, Path(folder))


def compare(documents: list[Document], folder: Path, cores: int, rounds: int) -> None:
    """Print what both builds cost."""
    whole = written(documents, folder / "whole.jsonl")
    few = written(documents[:FEW], folder / "few.jsonl")
    ways = {"one process": [], f"Ray, workers: {cores}": ["--ray", "local"]}
    ways[f"Ray, workers: {cores}"] += ["--set", f"ray.workers={cores}"]
    costs: dict[str, tuple[Cost, Cost]] = {}
    for _ in range(rounds):
        for name, options in ways.items():
            start = build(few, folder / "few", options, cores)
            full = build(whole, folder / name, options, cores)
            before = costs.get(name, (start, full))
            costs[name] = (min(start, before[0]), min(full, before[1]))
    print(f"{len(documents):,} documents, cores: {cores}, best of {rounds}")
    baseline = costs["one process"]
    for name, (start, full) in costs.items():
        shown = []
        for what, one, base in (
            ("whole", full, baseline[1]),
            ("without the start", full.without(start), baseline[1].without(baseline[0])),
        ):
            ratios = f"{one.wall / base.wall:.2f}, CPU {one.processor / base.processor:.2f}"
            shown.append(f"{what} {one.wall:.1f} s, CPU {one.processor:.1f} s (ratio {ratios})")
        print(f"  {name}: {'; '.join(shown)}")
    queries = [one.text[:100] for one in documents[:: max(1, len(documents) // 50)]]
    ranked = [runs(folder / name, queries) for name in ways]
    same = "the same" if ranked[0] == ranked[1] else "NOT THE SAME"
    print(f"  {same} documents and scores for {len(queries)} queries")


def runs(index: Path, queries: list[str]) -> list[list[tuple[str, float]]]:
    """Return what an index finds."""
    with Searcher.open(index) as searcher:
        return list(searcher.rank(queries, 100))


def build(corpus: Path, index: Path, options: list[str], cores: int) -> Cost:
    """Build an index anew, and return what it cost."""
    recipe = [part for option in OPTIONS for part in ("--set", option)]
    command = [sys.executable, "-m", "corpus_tuner", "-q", "build", str(corpus), "-o", str(index)]
    begin = time.perf_counter()
    process = subprocess.Popen([*command, "--fresh", *recipe, *options])
    used: dict[int, float] = {}
    while process.poll() is None:
        for pid, seconds in processors(process.pid):
            used[pid] = seconds
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"the build failed: {' '.join(command)}")
    return Cost(time.perf_counter() - begin, sum(used.values()))


def processors(pid: int) -> Iterator[tuple[int, float]]:
    """Yield the CPU time of a process and all that came of it, as far as they live."""
    try:
        root = psutil.Process(pid)
        every = [root, *root.children(recursive=True)]
    except psutil.Error:
        return
    for one in every:
        try:
            times = one.cpu_times()
        except psutil.Error:
            continue
        yield one.pid, times.user + times.system


def measure_stages(documents: list[Document], folder: Path) -> None:
    """Print what every stage does in a second, by the clock and by CPU time."""
    settings = load_recipe(None, OPTIONS)
    source = folder / "whole.jsonl"
    recipe = open_recipe(Corpus(source), settings)
    working = folder / "stages"
    working.mkdir()
    count = len(documents)

    def read() -> None:
        assert sum(1 for _ in Corpus(source)) == count

    def take() -> None:
        shards = Shards(folder, working)
        for some in split_into_chunks(documents, settings.documents_at_once):
            shards.take(some)

    print(f"stages, {count:,} documents of {source.stat().st_size / count:,.0f} bytes")
    timed("read", count, read)
    timed("draw a sample", count, lambda: Corpus(source).sample(200))
    timed("write for shards", count, take)
    with (
        Enricher(Corpus([]), recipe, folder / "l") as enricher,
        closing(open_staging(working, recipe)) as staging,
    ):

        def make() -> None:
            for some in split_into_chunks(documents, settings.documents_at_once):
                stage(staging, some, enricher)

        timed("views, encoding and staging", count, make)
        staged = size(working)
        timed("write the segment", count, staging.write)
        print(f"  bytes a document: staged {staged / count:,.0f}, ", end="")
        print(f"in the segment {size(working / 'segment') / count:,.0f}")
        rows = staging.read_rows(staging.representations[-1]).counts.sum()
        print(f"  vectors a document: {rows / count:.1f}")


def timed(what: str, count: int, work: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    processor = time.process_time() - processor
    wall = time.perf_counter() - wall
    print(f"  {what}: {count / wall:,.0f} a second, {count / processor:,.0f} a CPU second")


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def written(documents: list[Document], path: Path) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for one in documents:
            file.write(f"{json.dumps({'_id': one.id, 'title': one.title, 'text': one.text})}\n")
    return path


if __name__ == "__main__":
    main()
