"""Search an index in one segment, and in eight with a tenth of their documents gone.

Run: python -m benchmarks.segments [CORPUS.jsonl] [--documents N]

Both have the same documents in the end, and searches by all rankers must find the same. Queries are
sentences' beginnings; their encoding is not counted.
"""

import argparse
import random
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

from corpus_tuner import Corpus, add, build, load_recipe, remove, sample_folder
from corpus_tuner.encoders.query_cache import CachedQueryEncoder
from corpus_tuner.indexes.searcher import Searcher

SEGMENTS, GONE, QUERIES, TURNS = 8, 0.1, 50, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--documents", type=int)
    chosen = parser.parse_args()
    documents = list(islice(Corpus(chosen.corpus), chosen.documents))
    gone = random.Random(0).sample(documents, int(GONE * len(documents)))
    left = [one for one in documents if one not in gone]
    queries = [" ".join(one.text.split()[:9]) for one in left[:: max(1, len(left) // QUERIES)]]
    settings = load_recipe(None, ["generator=extractive", "calibrate=false"])
    with tempfile.TemporaryDirectory() as folder:
        one, eight = Path(folder) / "one", Path(folder) / "eight"
        build(left, one, settings)
        size = -(-len(documents) // SEGMENTS)
        build(documents[:size], eight, settings)
        for start in range(size, len(documents), size):
            add(eight, documents[start : start + size])
        remove(eight, [document.id for document in gone])
        compare(one, eight, [query for query in queries if query])


def compare(one: Path, eight: Path, queries: list[str]) -> None:
    """Print what a search takes in both, and their ratio."""
    with Searcher.open(one) as whole, Searcher.open(eight) as parts:
        count = len(parts.manifest.segments)
        print(f"{whole.manifest.documents:,} documents, 1 segment and {count}")
        for searcher in (whole, parts):
            searcher.encoder = CachedQueryEncoder(searcher.encoder, queries)
        for k in (10, 100):
            same = list(whole.rank(queries, k)) == list(parts.rank(queries, k))
            times: dict[Searcher, list[float]] = {whole: [], parts: []}
            for _ in range(TURNS):
                for query in queries:
                    for searcher, taken in times.items():
                        begin = time.perf_counter()
                        searcher.search(query, k)
                        taken.append(time.perf_counter() - begin)
            first, second = (1e3 * statistics.median(taken) for taken in times.values())
            print(
                f"k={k}: {second:.1f} ms : {first:.1f} ms = {second / first:.2f}, "
                f"{'the same' if same else 'NOT THE SAME'} documents and scores"
            )


if __name__ == "__main__":
    main()
