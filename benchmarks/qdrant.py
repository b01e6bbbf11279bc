"""An index in Qdrant compared with the one that it was made of: rankings, and the time of a query.

Run: python -m benchmarks.qdrant INDEX QUERIES ADDRESS [--most N]

INDEX is exported to ADDRESS first. QUERIES is a file as `corpus-tuner search --queries` takes it.
Rankings of 100 documents are compared in all modes, with and without a filter: they are the same,
or differ in the order of documents whose scores are equal to the fifth decimal, or differ. Then
both get one query at a time, in turns, encoding left out, and the medians are compared.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

from corpus_tuner.encoders.query_cache import CachedQueryEncoder
from corpus_tuner.eval.trec.queries import read_queries
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.export import export_to_qdrant
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode

EQUAL = 1e-5
TIMED = 100  # queries
FILTER = {"not": {"id": {"prefix": "1"}}}

Ranking = Sequence[tuple[str, float]]


def compared(own: Ranking, wanted: Ranking) -> str:
    """Say how a ranking differs from the one that it should be."""
    if [id_ for id_, _ in own] == [id_ for id_, _ in wanted]:
        return "same"
    scores = zip((score for _, score in own), (score for _, score in wanted), strict=False)
    ties = len(own) == len(wanted) and all(abs(one - other) <= EQUAL for one, other in scores)
    return "same but for ties" if ties else "differ"


def clock(job: Callable[[], object]) -> float:
    """Return the milliseconds that a job takes."""
    start = time.perf_counter()
    job()
    return 1e3 * (time.perf_counter() - start)


def measure(index: Path, queries: list[str], address: str) -> dict[str, Any]:
    """Export, compare and time."""
    seconds = clock(lambda: export_to_qdrant(index, parse_address(address))) / 1e3
    rankings: dict[str, dict[str, int]] = {}
    times: dict[str, Any] = {}
    with Searcher.open(index) as here:
        here.encoder = CachedQueryEncoder(here.encoder, queries)
        with Searcher.open(address, encoder=here.encoder) as there:
            for mode in get_args(Mode):
                for name, filter in (("", None), (", filtered", FILTER)):
                    options: dict[str, Any] = {"mode": mode, "filter": filter}
                    both = (list(one.rank(queries, 100, **options)) for one in (there, here))
                    found = Counter(map(compared, *both))
                    rankings[f"{mode}{name}"] = dict(found)
            for what, ask in (("rank", _rank), ("search", _search)):
                taken: dict[str, list[float]] = {"local": [], "qdrant": []}
                for query in queries[:TIMED]:
                    taken["local"].append(clock(partial(ask, here, query)))
                    taken["qdrant"].append(clock(partial(ask, there, query)))
                medians = {name: statistics.median(own) for name, own in taken.items()}
                times[what] = {f"{name} ms": round(own, 1) for name, own in medians.items()}
                times[what]["qdrant : local"] = round(medians["qdrant"] / medians["local"], 2)
    return {"export s": round(seconds, 1), "rankings": rankings, "times": times}


def _rank(searcher: Searcher, query: str) -> object:
    return list(searcher.rank([query], 10))


def _search(searcher: Searcher, query: str) -> object:
    return searcher.search(query, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("address")
    parser.add_argument("--most", type=int)
    chosen = parser.parse_args()
    queries = list(dict.fromkeys(read_queries(chosen.queries).values()))[: chosen.most]
    print(json.dumps(measure(chosen.index, queries, chosen.address), indent=2))


if __name__ == "__main__":
    main()
