"""One query at a time: this search, and how sentence-transformers and pyserini do the same.

Run: python -m benchmarks.latency [INDEX QUERIES]   (needs the extra pyserini)

INDEX is one that `corpus-tuner build` made with the embedded encoder; QUERIES is a file as
`corpus-tuner search --queries` takes it. By default the English sample. Every library searches in a
process of its own, since threads of one that wait for work slow another down; they take turns,
a few queries each, in random order, and medians are compared. Vectors: the same model, and the same
vectors in FAISS, exact. Words: Lucene's BM25 of the same texts.
"""

import argparse
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from corpus_tuner import build, sample_folder
from corpus_tuner.cli.output import make_table, stdout
from corpus_tuner.core.documents import Document
from corpus_tuner.encoders import embedded
from corpus_tuner.eval.baselines.lucene import K1, B, start_java
from corpus_tuner.eval.trec.queries import read_queries
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.search_settings import HybridWeights, SearchSettings
from corpus_tuner.indexes.vectors.rows import vectors_file

QUERIES = 300
TURN = 20
PAUSE = 0.3  # seconds in which the threads of the last turn fall asleep
DEPTHS = (10, 100)
Way = Callable[[str, int], Any]
Ways = Callable[[Path, Path], dict[str, Way]]


def corpus_tuner(index: Path, _scratch: Path) -> dict[str, Way]:
    """Search with the encoder only, BM25, BM25 and n-grams, and all rankers."""
    words = SearchSettings(hybrid=HybridWeights.from_ranker("words"))
    encoder_only = Searcher.open(index, representation="passage")
    searcher = Searcher.open(index, encoder=encoder_only.encoder)
    return {
        "vectors: corpus-tuner": lambda query, k: list(encoder_only.rank([query], k, mode="dense")),
        "words: corpus-tuner": lambda query, k: list(
            searcher.rank([query], k, mode="hybrid", settings=words)
        ),
        "words and ngrams: corpus-tuner": lambda query, k: list(
            searcher.rank([query], k, mode="lexical")
        ),
        "all rankers: corpus-tuner": lambda query, k: list(
            searcher.rank([query], k, mode="hybrid")
        ),
        "the same, with documents and reasons": lambda query, k: searcher.search(
            query, k, mode="hybrid"
        ),
    }


def sentence_transformers(_index: Path, scratch: Path) -> dict[str, Way]:
    """Encode, then search with FAISS."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(embedded.get_folder()))
    vectors = faiss.read_index(str(scratch / "index"))
    ids = (scratch / "docid").read_text(encoding="utf-8").splitlines()

    def way(query: str, k: int) -> list[tuple[str, float]]:
        vector = model.encode([query], normalize_embeddings=True, show_progress_bar=False)
        scores, rows = vectors.search(vector, k)
        return [(ids[row], float(score)) for row, score in zip(rows[0], scores[0], strict=True)]

    return {"vectors: sentence-transformers + FAISS": way}


def pyserini(index: Path, scratch: Path) -> dict[str, Way]:
    """Search with pyserini's searcher of FAISS indexes, and with Lucene's BM25."""
    indexers, searchers = start_java()
    from pyserini.encode import AutoQueryEncoder
    from pyserini.search.faiss import FaissSearcher

    encoder = AutoQueryEncoder(str(embedded.get_folder()), pooling="mean", l2_norm=True)
    vectors = FaissSearcher(str(scratch), encoder)
    with Searcher.open(index) as searcher:
        language = searcher.manifest.build.language or "en"
        folder = str(scratch / "lucene")
        indexer = indexers.LuceneIndexer(args=["-index", folder, "-language", language], threads=2)
        for document in documents_of(searcher):
            contents = f"{document.title}\n{document.text}"
            indexer.add_doc_dict({"id": document.id, "contents": contents})
        indexer.close()
    words = searchers.LuceneSearcher(folder)
    words.set_language(language)
    words.set_bm25(K1, B)
    return {
        "vectors: pyserini": lambda query, k: [
            (hit.docid, hit.score) for hit in vectors.search(query, k)
        ],
        "words: pyserini": lambda query, k: [
            (hit.docid, hit.score) for hit in words.search(query, k)
        ],
    }


LIBRARIES: dict[str, Ways] = {
    "corpus-tuner": corpus_tuner,
    "sentence-transformers": sentence_transformers,
    "pyserini": pyserini,
}


def documents_of(searcher: Searcher) -> Iterator[Document]:
    """Yield the documents of an index of one segment, in order."""
    for ordinal in range(len(searcher.segments.live_docs)):
        yield searcher.segments.read_document(ordinal)


def export(index: Path, scratch: Path) -> None:
    """Write an index's passage vectors, exact, and its ids, as pyserini reads them."""
    with Searcher.open(index) as searcher:
        ids = [document.id for document in documents_of(searcher)]
        parts = []
        for entry in searcher.manifest.segments:
            file = vectors_file(Layout(index).get_segment_folder(entry.name), "passage")
            stored = faiss.read_index(str(file))
            parts.append(stored.reconstruct_n(0, stored.ntotal).astype(np.float32))
    exact = faiss.IndexFlatIP(parts[0].shape[1])
    for vectors in parts:
        exact.add(vectors)
    faiss.write_index(exact, str(scratch / "index"))
    (scratch / "docid").write_text("\n".join(ids), encoding="utf-8")


def serve(library: str, index: Path, scratch: Path, pipe: Connection) -> None:
    """Time a library's ways on the queries that come, until none do."""
    ways = LIBRARIES[library](index, scratch)
    pipe.send(list(ways))
    while requested := pipe.recv():
        name, queries, k = requested
        times = []
        for query in queries:
            start = time.perf_counter()
            ways[name](query, k)
            times.append(1e3 * (time.perf_counter() - start))
        pipe.send(times)


def compare(index: Path, queries: list[str], scratch: Path) -> dict[tuple[str, int], list[float]]:
    """Return the milliseconds that every way takes for every query, by way and depth."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    spawn = multiprocessing.get_context("spawn")
    export(index, scratch)
    pipes: dict[str, Any] = {}
    processes = []
    for library in LIBRARIES:
        ours, its = spawn.Pipe()
        process = spawn.Process(target=serve, args=(library, index, scratch, its), daemon=True)
        process.start()
        processes.append(process)
        pipes |= dict.fromkeys(ours.recv(), ours)
    turns = [queries[start : start + TURN] for start in range(0, len(queries), TURN)]
    found: dict[tuple[str, int], list[float]] = {}
    chance = random.Random(0)
    for number, turn in enumerate([turns[0], *turns]):
        every = [(name, k) for name in pipes for k in DEPTHS]
        for name, k in chance.sample(every, len(every)):
            pipes[name].send((name, turn, k))
            times = pipes[name].recv()
            if number:  # the first turn warms up
                found.setdefault((name, k), []).extend(times)
            time.sleep(PAUSE)
    for pipe in set(pipes.values()):
        pipe.send(None)
    for process in processes:
        process.join()
    return {(name, k): found[name, k] for name in pipes for k in DEPTHS}


def show(found: dict[tuple[str, int], list[float]]) -> None:
    """Print the medians, and their ratios."""
    medians = {which: statistics.median(times) for which, times in found.items()}
    names = list(dict.fromkeys(name for name, _ in medians))
    columns = [f"k={k}" for k in DEPTHS]
    made = make_table("way", *columns, right=columns)
    for name in names:
        made.add_row(name, *(f"{medians[name, k]:.1f} ms" for k in DEPTHS))
    stdout.print(made)
    for kind in ("vectors", "words"):
        for name in names:
            if name.startswith(kind) and not name.endswith("corpus-tuner"):
                ratios = ", ".join(
                    f"{medians[f'{kind}: corpus-tuner', k] / medians[name, k]:.2f} at k={k}"
                    for k in DEPTHS
                )
                other = name.partition(": ")[2]
                stdout.print(f"corpus-tuner : {other}, {kind}: {ratios}", soft_wrap=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", nargs="?", type=Path)
    parser.add_argument("queries", nargs="?", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        index = chosen.index
        if index is None:
            index = scratch / "index-of-the-sample"
            build(sample_folder("en"), index)
        known = read_queries(chosen.queries or sample_folder("en") / "queries.jsonl")
        queries = list(islice(known.values(), QUERIES))
        show(compare(index, queries, scratch))


if __name__ == "__main__":
    main()
