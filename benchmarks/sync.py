"""What it costs to keep an index equal to a corpus that changes, as a share of a full build.

Run: python -m benchmarks.sync PAIRS.jsonl.gz [--documents N] [--set A.B=VALUE] [--index FOLDER]

PAIRS has JSON objects with ``source`` and ``target``, which become texts and titles. All is done by
the command line in processes of its own, its start included. With --index, an index that a run
before has left there is not built again, and its time is read from INDEX.seconds.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

SHARES = (0.001, 0.01, 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--index", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = chosen.index or Path(folder) / "index"
        corpus = Path(folder) / "corpus.jsonl"
        options = [part for each in chosen.assignments for part in ("--set", each)]
        measure(records(chosen.pairs, chosen.documents), corpus, index, options)


def records(pairs: Path, count: int) -> list[dict[str, str]]:
    """Return documents made of pairs."""
    with gzip.open(pairs, "rt", encoding="utf-8") as file:
        read = [json.loads(line) for line in islice(file, count)]
    return [
        {"_id": f"d{number}", "title": pair["target"], "text": pair["source"]}
        for number, pair in enumerate(read)
    ]


def measure(documents: list[dict[str, str]], corpus: Path, index: Path, options: list[str]) -> None:
    """Print what builds of changed corpora cost."""

    def build() -> float:
        corpus.write_text("".join(f"{json.dumps(one)}\n" for one in documents), encoding="utf-8")
        return run("build", corpus, "-o", index, *options, "--json")

    cached = index.with_suffix(".seconds")
    full = float(cached.read_text(encoding="utf-8")) if cached.is_file() else build()
    cached.write_text(str(full), encoding="utf-8")
    print(f"{len(documents):,} documents: a full build takes {full:.1f} s", flush=True)
    report("nothing changed", build(), full, 0)
    chance = random.Random(0)
    for share in SHARES:
        changed = chance.sample(range(len(documents)), round(share * len(documents)))
        for number in changed:
            one = documents[number]
            documents[number] = one | {"text": f"{one['text']} Changed for {share}."}
        report(f"{share:.1%} changed", build(), full, share)
        print(f"  then it has {segments(index)} segments", flush=True)
    ids = [one["_id"] for one in chance.sample(documents, len(documents) // 20)]
    report(f"{len(ids):,} removed", run("index", "remove", index, *ids, "--json"), full, 0)
    report("merged", run("index", "merge", index), full, 0)


def run(*arguments: object) -> float:
    """Return the seconds that a command takes."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "corpus_tuner", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def segments(index: Path) -> int:
    """Return how many segments an index has."""
    manifest: dict[str, Any] = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
    return len(manifest["segments"])


def report(what: str, seconds: float, full: float, share: float) -> None:
    """Print a time as a share of a full build, and what lies above the share that changed."""
    over = seconds / full - share
    print(f"  {what:18} {seconds:7.1f} s  {seconds / full:7.2%}  {over:+.2%} over", flush=True)


if __name__ == "__main__":
    main()
