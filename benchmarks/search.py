"""Search beside encoding the query, and what smaller vectors cost.

Run: python -m benchmarks.search [INDEX QUERIES]

INDEX is one that `corpus-tuner build` made with the representation `views`; QUERIES is a file as
`corpus-tuner search --queries` takes it. By default the English sample is built. Encoding and
searching take turns in one process, and their medians are compared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import faiss
import numpy as np

from corpus_tuner import build, sample_folder
from corpus_tuner.eval.queries import read_queries
from corpus_tuner.indexes.encoders import EncoderSettings, open_encoder
from corpus_tuner.indexes.encoders.remembering import RememberingEncoder
from corpus_tuner.indexes.representations import Storage, views
from corpus_tuner.indexes.search.fusion import SearchSettings
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.store.manifest import segment_folder
from corpus_tuner.indexes.vectors.scoring import DenseSegment, write_vectors

QUERIES = 300
STORAGES: tuple[Storage, ...] = ("float32", "float16", "int8")


def clock(job: Callable[[], object]) -> float:
    """Return the seconds that a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare_with_encoding(index: Path, queries: list[str]) -> None:
    """Print what `views` + BM25 takes, in parts of what encoding takes."""
    with Searcher.open(index) as searcher:
        settings = EncoderSettings.model_validate(searcher.manifest.encoder.settings)
        plain = open_encoder(settings)
        remembering = RememberingEncoder(plain)
        remembering.remember_queries(queries)
        searcher.encoder = remembering
        mode = ("hybrid", SearchSettings())
        searcher.rank(queries[:8], 10, *mode)
        for k in (10, 100):
            encoding, searching = [], []
            for query in queries:
                encoding.append(clock(lambda query=query: plain.encode_queries([query])))
                searching.append(clock(lambda query=query, k=k: searcher.rank([query], k, *mode)))
            one, other = statistics.median(encoding), statistics.median(searching)
            print(
                f"one at a time, k={k}: {other * 1e3:.1f} ms : {one * 1e3:.1f} ms encoding", end=""
            )
            print(f" = {other / one:.2f}")
            one = clock(lambda: plain.encode_queries(queries))
            other = clock(lambda k=k: searcher.rank(queries, k, *mode))
            print(f"{len(queries)} at once, k={k}: {other:.2f} s : {one:.2f} s = {other / one:.2f}")


def compare_storages(index: Path, queries: list[str]) -> None:
    """Print the size and the speed of each way to keep vectors, and how the results differ."""
    with Searcher.open(index) as searcher:
        vectors = searcher.encoder.encode_queries(queries)
        folder = segment_folder(index, searcher.manifest.segments[0].name)
        stored = faiss.read_index(str(folder / "views.faiss"))
        exact: list[set[int]] = []
        for storage in STORAGES:
            with tempfile.TemporaryDirectory() as name:
                copy = Path(name)
                stored.reconstruct_n(0, stored.ntotal).astype("<f4").tofile(copy / "raw")
                write_vectors(copy / "raw", stored.d, storage, copy / "views.faiss")
                for kind in ("views", "starts"):
                    np.save(copy / f"views.{kind}.npy", np.load(folder / f"views.{kind}.npy"))
                size = (copy / "views.faiss").stat().st_size / 2**20
                segment = DenseSegment(copy, views.Representation(views.Settings()), stored.d)
                seconds = clock(
                    lambda segment=segment: [
                        segment.top_documents(vectors[i : i + 1], 10, 0.5)
                        for i in range(len(vectors))
                    ]
                )
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
        compare_with_encoding(index, queries)
        compare_storages(index, queries)


if __name__ == "__main__":
    main()
