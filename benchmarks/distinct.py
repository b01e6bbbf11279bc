"""What is saved and lost when near-equal views of a document are left out.

Run: python -m benchmarks.distinct INDEX COLLECTION

COLLECTION is a folder in BEIR layout, and INDEX one that `corpus-tuner build` made of its corpus
with the representation `views`. Its vectors are thinned out as `representation.distinct` does when
an index is built, and searched by themselves. The baseline is all of them.
"""

import argparse
from pathlib import Path

import numpy as np

from corpus_tuner.encoders import Vectors
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.indexes.representations import read_representation
from corpus_tuner.indexes.representations.views import distinct
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.vectors import Ordinals

MAIN = "nDCG@10"
LEVELS = (None, 0.95, 0.9, 0.85, 0.8, 0.7)


def thinned(vectors: Vectors, starts: Ordinals, most: float) -> tuple[Vectors, Ordinals]:
    """Return the vectors that are left of documents, and where each document begins."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    selected = []
    for start, end in zip(starts, [*starts[1:], len(vectors)], strict=True):
        selected.append(np.concatenate([[True], distinct(units[start + 1 : end], most)]))
    counts = np.array([own.sum() for own in selected])
    return vectors[np.concatenate(selected)], np.cumsum(counts) - counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("collection", type=Path)
    chosen = parser.parse_args()
    judged = load_benchmark(chosen.collection)
    with Searcher.open(chosen.index, representation="views") as searcher:
        living = np.flatnonzero(searcher.segments.live_docs)
        ids = searcher.segments.read_ids(living)
        every, firsts = searcher.dense.vectors(living)
        queries = searcher.encoder.encode_queries(list(judged.queries.values()))
        how = read_representation(searcher.manifest.representations["views"])
        weight = searcher.manifest.search.dense.views
        windows = searcher.segments.windows[living]
    print(f"| `distinct` on {chosen.collection.name} | rows | of all | dense {MAIN} |")
    print("|---|---:|---:|---:|")
    usual = None
    for level in LEVELS:
        vectors, starts = (every, firsts) if level is None else thinned(every, firsts, level)
        run = {}
        for name, query in zip(judged.queries, queries, strict=True):
            similarities = np.asarray(vectors @ query, np.float64)
            scores = how.score(similarities, starts, windows).combine(weight)
            best = sorted(zip((-scores).tolist(), ids, strict=True))[:10]
            run[name] = [(document, -score) for score, document in best]
        points = 100 * measure(judged.qrels, run, [MAIN])[MAIN]
        usual = points if usual is None else usual
        share = len(vectors) / len(every)
        print(
            f"| {level or 'all'} | {len(vectors):,} | {share:.0%} | "
            f"{points:.2f} ({points - usual:+.2f}) |",
            flush=True,
        )


if __name__ == "__main__":
    main()
