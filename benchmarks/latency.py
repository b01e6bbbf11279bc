"""One query at a time: this search, and how sentence-transformers and pyserini do the same.

Run: python -m benchmarks.latency [INDEX QUERIES]   (needs the extra pyserini)

INDEX is one that `corpus-tuner build` made with the embedded encoder; QUERIES is a file as
`corpus-tuner search --queries` takes it. By default the English sample. All ways take turns on each
query, in random order; medians are compared. Vectors: the same model, and the same
vectors in FAISS, exact. Words: Lucene's BM25 of the same texts.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from sentence_transformers import SentenceTransformer

from corpus_tuner import build, sample_folder
from corpus_tuner.cli.output import stdout, table
from corpus_tuner.evaluation.baselines.lucene import K1, B, start_java
from eval.queries import read_queries
from indexes.documents import Document
from indexes.encoders import embedded
from indexes.searcher import Searcher
from indexes.storage import segment_folder

QUERIES = 300
Way = Callable[[str, int], Any]


def documents_of(searcher: Searcher) -> Iterator[Document]:
    """Yield the documents of an index, in order."""
    for entry, segment in zip(searcher.manifest.segments, searcher.segments, strict=True):
        for ordinal in range(entry.documents):
            yield segment.document(ordinal)


def vectors_of(searcher: Searcher) -> tuple[list[str], Any]:
    """Return the ids of an index's documents, and their passage vectors, exact."""
    parts = []
    for entry in searcher.manifest.segments:
        stored = faiss.read_index(str(segment_folder(searcher.path, entry.name) / "passage.faiss"))
        parts.append(stored.reconstruct_n(0, stored.ntotal).astype(np.float32))
    exact = faiss.IndexFlatIP(parts[0].shape[1])
    for vectors in parts:
        exact.add(vectors)
    return [document.id for document in documents_of(searcher)], exact


def by_sentence_transformers(ids: list[str], vectors: Any) -> Way:
    """Encode, then search with FAISS."""
    model = SentenceTransformer(str(embedded.folder()))

    def way(query: str, k: int) -> list[tuple[str, float]]:
        vector = model.encode([query], normalize_embeddings=True, show_progress_bar=False)
        scores, rows = vectors.search(vector, k)
        return [(ids[row], float(score)) for row, score in zip(rows[0], scores[0], strict=True)]

    return way


def by_pyserini_vectors(ids: list[str], vectors: Any, folder: Path) -> Way:
    """Search with pyserini's searcher of FAISS indexes."""
    from pyserini.encode import AutoQueryEncoder
    from pyserini.search.faiss import FaissSearcher

    folder.mkdir()
    faiss.write_index(vectors, str(folder / "index"))
    (folder / "docid").write_text("\n".join(ids), encoding="utf-8")
    encoder = AutoQueryEncoder(str(embedded.folder()), pooling="mean", l2_norm=True)
    searcher = FaissSearcher(str(folder), encoder)
    return lambda query, k: [(hit.docid, hit.score) for hit in searcher.search(query, k)]


def by_lucene(documents: Iterator[Document], folder: Path, language: str) -> Way:
    """Search with Lucene's BM25, by pyserini."""
    indexers, searchers = start_java()
    indexer = indexers.LuceneIndexer(args=["-index", str(folder), "-language", language], threads=2)
    for document in documents:
        contents = f"{document.title}\n{document.text}"
        indexer.add_doc_dict({"id": document.id, "contents": contents})
    indexer.close()
    searcher = searchers.LuceneSearcher(str(folder))
    searcher.set_language(language)
    searcher.set_bm25(K1, B)
    return lambda query, k: [(hit.docid, hit.score) for hit in searcher.search(query, k)]


def in_turns(ways: dict[str, Way], queries: list[str], k: int) -> dict[str, float]:
    """Return the median milliseconds of each way."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    chance = random.Random(0)
    for query in queries:
        # What went before has filled the processor's caches: no way may always follow the same.
        for name in chance.sample(list(ways), len(ways)):
            start = time.perf_counter()
            ways[name](query, k)
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(each) for name, each in times.items()}


def compare(index: Path, queries: list[str], scratch: Path) -> None:
    """Print what each way takes."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    with (
        Searcher.open(index, representation="passage") as alone,
        Searcher.open(index, encoder=alone.encoder) as searcher,
    ):
        language = str(searcher.manifest.build.get("language", "en"))
        lucene = by_lucene(documents_of(searcher), scratch / "lucene", language)
        ids, vectors = vectors_of(searcher)
        ours: dict[str, Way] = {
            "vectors: corpus-tuner": lambda query, k: alone.rank([query], k, "dense"),
            "vectors: sentence-transformers + FAISS": by_sentence_transformers(ids, vectors),
            "vectors: pyserini": by_pyserini_vectors(ids, vectors, scratch / "vectors"),
            "words: corpus-tuner": lambda query, k: searcher.rank([query], k, "lexical"),
            "words: pyserini": lucene,
            "views and words: corpus-tuner": lambda query, k: searcher.rank([query], k, "hybrid"),
            "the same, with documents and reasons": lambda query, k: searcher.search(
                query, k, "hybrid"
            ),
        }
        in_turns(ours, queries[:20], 10)
        found = {k: in_turns(ours, queries, k) for k in (10, 100)}
    made = table("way", "k=10", "k=100", right=("k=10", "k=100"))
    for name in ours:
        made.add_row(name, *(f"{found[k][name]:.1f} ms" for k in found))
    stdout.print(made)
    for kind in ("vectors", "words"):
        for name in ours:
            if name.startswith(kind) and not name.endswith("corpus-tuner"):
                told = ", ".join(
                    f"{found[k][f'{kind}: corpus-tuner'] / found[k][name]:.2f} at k={k}"
                    for k in found
                )
                other = name.partition(": ")[2]
                stdout.print(f"corpus-tuner : {other}, {kind}: {told}", soft_wrap=True)


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
        compare(index, list(islice(known.values(), QUERIES)), Path(folder))


if __name__ == "__main__":
    main()
