"""Compare the embedded encoders with each other, and with bare sentence-transformers.

Run: python -m benchmarks.encoders [CORPUS] [--documents N] [--rounds N] [--encoders NAME ...]

Opening is measured in processes of their own, of one thread, from their start to the vector of a
first query, with the model in the cache already; then come further queries and the peak of memory.
These are seconds of the processor, which other work on the machine changes little.
Documents a second are those of `encode_documents` (int8 on a CPU), and of
`SentenceTransformer.encode` with all its defaults in float32. All systems take turns, and what is
printed are medians over the rounds, by the clock and of the processor.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from corpus_tuner import Corpus, sample_folder
from corpus_tuner.encoders import EncoderSettings, embedded, open_encoder
from corpus_tuner.text.passages import get_full_text

QUERIES = 20
BARE = "sentence-transformers"
WARM_UP = 8  # documents

System = Callable[[Sequence[str]], Any]


class Seconds(NamedTuple):
    """Wall-clock time and processor time."""

    clock: float
    processor: float


def main() -> None:
    """Print a table for opening, and one for documents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("de")))
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoders", nargs="+", default=list(embedded.NAMES))
    parser.add_argument("--open", help=argparse.SUPPRESS)  # an encoder, in this process
    chosen = parser.parse_args()
    if chosen.open:
        print(json.dumps(_measure_opening(chosen.open)))
        return
    texts = [get_full_text(one) for one in islice(Corpus(chosen.corpus), chosen.documents)]
    _compare_opening(chosen.encoders, chosen.rounds)
    _compare_documents(chosen.encoders, texts, chosen.rounds)


def _measure_opening(name: str) -> dict[str, float]:
    """Return the time of opening an encoder and encoding queries, and the memory, in s and MiB."""
    encoder = open_encoder(EncoderSettings(name=name))
    encoder.encode_queries(["Wer zahlt, wenn der Keller voll Wasser ist?"])
    opened = time.process_time()
    for number in range(QUERIES):
        encoder.encode_queries([f"Wer zahlt, wenn der Keller Nummer {number} voll Wasser ist?"])
    query = (time.process_time() - opened) / QUERIES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"opened": opened, "query": query, "mebibytes": peak}


def _compare_opening(names: Sequence[str], rounds: int) -> None:
    for name in names:
        open_encoder(EncoderSettings(name=name))  # so that it is exported
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(rounds):
        for name in names:
            command = [sys.executable, "-m", "benchmarks.encoders", "--open", name]
            one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, env=one_thread
            )
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    print("opening until the first vector; a query; peak of memory")
    first = found[names[0]]
    for name in names:
        opened, query, mebibytes = (
            statistics.median(one[what] for one in found[name])
            for what in ("opened", "query", "mebibytes")
        )
        ratios = [
            value / statistics.median(one[what] for one in first)
            for what, value in (("opened", opened), ("query", query), ("mebibytes", mebibytes))
        ]
        print(
            f"  {name:24} {opened:6.2f} s ({ratios[0]:.2f})   {1000 * query:7.1f} ms "
            f"({ratios[1]:.2f})   {mebibytes:7,.0f} MiB ({ratios[2]:.2f})"
        )


def _compare_documents(names: Sequence[str], texts: Sequence[str], rounds: int) -> None:
    from sentence_transformers import SentenceTransformer

    systems: dict[str, System] = {}
    for name in names:
        systems[name] = open_encoder(EncoderSettings(name=name)).encode_documents
        model = SentenceTransformer(str(embedded.get_folder(name)), device="cpu")
        prompt = "document" if (model.prompts or {}).get("document") else None
        systems[f"{BARE} {name}"] = partial(
            model.encode, prompt_name=prompt, show_progress_bar=False
        )
    for encode in systems.values():
        encode(texts[:WARM_UP])
    taken: dict[str, list[Seconds]] = defaultdict(list)
    for _ in range(rounds):
        for name, encode in systems.items():
            clock, processor = time.perf_counter(), time.process_time()
            encode(texts)
            taken[name].append(
                Seconds(time.perf_counter() - clock, time.process_time() - processor)
            )
    print(f"{len(texts)} documents")
    for name, every in taken.items():
        clock, processor = (statistics.median(values) for values in zip(*every, strict=True))
        bare = taken[name if name.startswith(BARE) else f"{BARE} {name}"]
        against = [statistics.median(values) for values in zip(*bare, strict=True)]
        print(
            f"  {name:36} {len(texts) / clock:6.1f} documents/s   of bare: "
            f"{clock / against[0]:.2f} by the clock, {processor / against[1]:.2f} on the processor"
        )


if __name__ == "__main__":
    main()
