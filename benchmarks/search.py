"""Search compared with encoding the query, and what smaller vectors cost.

Run: python -m benchmarks.search [INDEX QUERIES]

First comes the processor time of a search with hits and without encoding, by part; set
OMP_NUM_THREADS=1, since threads that wait count as well.
INDEX is one that `corpus-tuner build` made with the representation `views`; QUERIES is a file as
`corpus-tuner search --queries` takes it. By default the English sample is built. Encoding and
searching take turns in one process, and their medians are compared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import faiss
import numpy as np

from corpus_tuner import build, sample_folder
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.query_cache import CachedQueryEncoder
from corpus_tuner.eval.trec.queries import read_queries
from corpus_tuner.indexes.representations import Storage, views
from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.layout import WINDOWS, Layout
from corpus_tuner.indexes.store.search_settings import SearchSettings
from corpus_tuner.indexes.vectors.dense_index import DenseIndex
from corpus_tuner.indexes.vectors.rows import (
    row_starts_file,
    row_views_file,
    vectors_file,
    write_vectors,
)

QUERIES = 300
STORAGES: tuple[Storage, ...] = ("float32", "float16", "int8")


def clock(job: Callable[[], object]) -> float:
    """Return the seconds that a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def measure_parts(index: Path, queries: list[str]) -> None:
    """Print the processor time of parts of a hybrid search, medians over single queries."""
    with Searcher.open(index) as searcher:
        searcher.encoder = CachedQueryEncoder(searcher.encoder, queries)
        vectors = dict(zip(queries, searcher.encoder.encode_queries(queries), strict=True))
        how = searcher.manifest.search
        plan = make_plan(searcher.manifest, searcher.representation, 10)
        found = dict(zip(queries, searcher.find_candidates(queries), strict=True))

        def find_nearest(query: str) -> None:
            searcher.dense.top_documents(vectors[query][None], plan.depth, plan.views)

        def add_feedback(query: str) -> None:
            replace(found[query]).compute_feedback(found[query].scores["passage"])

        parts: dict[str, Callable[[str], object]] = {
            "dense": find_nearest,
            "words": lambda query: searcher.lexical["words"].find_candidates(
                query, how.words, plan.depth
            ),
            "ngrams": lambda query: searcher.lexical["ngrams"].find_candidates(
                query, how.ngrams, plan.depth
            ),
            "feedback": add_feedback,
            "fusion, with feedback": lambda query: replace(found[query]).rank(plan),
            "rank": lambda query: list(searcher.rank([query], 10)),
            "search": searcher.search,
        }
        for name, part in parts.items():
            times = []
            for query in queries:
                start = time.process_time()
                part(query)
                times.append(time.process_time() - start)
            print(f"{name}: {statistics.median(times) * 1e3:.2f} ms")


def compare_with_encoding(index: Path, queries: list[str]) -> None:
    """Print what a search by all rankers takes, in parts of what encoding takes."""
    with Searcher.open(index) as searcher:
        settings = EncoderSettings.model_validate(searcher.manifest.encoder.settings)
        plain = open_encoder(settings)
        searcher.encoder = CachedQueryEncoder(plain, queries)

        def encode(queries: list[str]) -> None:
            plain.encode_queries(queries)

        def rank(queries: list[str], k: int) -> None:
            list(searcher.rank(queries, k, mode="hybrid", settings=SearchSettings()))

        rank(queries[:8], 10)
        for k in (10, 100):
            encoding, searching = [], []
            for query in queries:
                encoding.append(clock(lambda one=query: encode([one])))  # type: ignore[misc]
                searching.append(clock(lambda one=query, k=k: rank([one], k)))  # type: ignore[misc]
            baseline, ours = statistics.median(encoding), statistics.median(searching)
            print(
                f"one at a time, k={k}: {ours * 1e3:.1f} ms : {baseline * 1e3:.1f} ms encoding"
                f" = {ours / baseline:.2f}"
            )
            baseline = clock(lambda: encode(queries))
            ours = clock(lambda k=k: rank(queries, k))  # type: ignore[misc]
            print(
                f"{len(queries)} at once, k={k}: {ours:.2f} s : {baseline:.2f} s"
                f" = {ours / baseline:.2f}"
            )


def compare_storages(index: Path, queries: list[str]) -> None:
    """Print the size and the speed of every way to keep vectors, and how the results differ."""
    with Searcher.open(index) as searcher:
        vectors = searcher.encoder.encode_queries(queries)
        folder = Layout(index).get_segment_folder(searcher.manifest.segments[0].name)
        stored = faiss.read_index(str(vectors_file(folder, "views")))
        source = stored.reconstruct_n(0, stored.ntotal)
        exact: list[set[int]] = []
        for storage in STORAGES:
            with tempfile.TemporaryDirectory() as name:
                copy = Path(name)
                file = vectors_file(copy, "views")
                write_vectors([source], len(source), stored.d, storage, file)
                for file_of in (row_views_file, row_starts_file):
                    np.save(file_of(copy, "views"), np.load(file_of(folder, "views")))
                size = file.stat().st_size / 2**20
                how = views.Representation(views.Settings(storage=storage))
                live_docs = np.ones(searcher.manifest.segments[0].documents, bool)
                windows = np.load(folder / WINDOWS)
                segment = DenseIndex([copy], how, stored.d, live_docs, windows)

                def search_all(segment: DenseIndex = segment) -> None:
                    for number in range(len(vectors)):
                        segment.top_documents(vectors[number : number + 1], 10, 0.5)

                seconds = clock(search_all)
                found = [set(near.documents) for near in segment.top_documents(vectors, 10, 0.5)]
            exact = exact or found
            same = np.mean([len(a & b) / len(a) for a, b in zip(exact, found, strict=True)])
            print(
                f"{storage}: {size:.1f} MiB, {seconds / len(queries) * 1e3:.2f} ms a query, "
                f"{same:.2%} of the first ten as with {STORAGES[0]}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", nargs="?", type=Path)
    parser.add_argument("queries", nargs="?", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = chosen.index or Path(folder) / "index"
        if not chosen.index:
            build(sample_folder("en"), index)
        known = read_queries(chosen.queries or sample_folder("en") / "queries.jsonl")
        queries = list(islice(known.values(), QUERIES))
        measure_parts(index, queries)
        compare_with_encoding(index, queries)
        compare_storages(index, queries)


if __name__ == "__main__":
    main()
