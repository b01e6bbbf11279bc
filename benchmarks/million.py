"""One million documents in dense search (exact and with ANN indexes), lexical and hybrid search.

Run: python -m benchmarks.million TRAINING --folder FOLDER [--documents N] [--minutes M]
         [--only NAME ...]

TRAINING has abstracts and statutes (`FILES`), out of which documents are recombined
(`benchmarks.recombined`). As many as M minutes allow are encoded; the vectors of the rest are noisy
copies of theirs. A document has one vector, in float16. All that was done is stored in FOLDER, and
gone on from: more minutes encode more. The baseline is ``flat``, which looks at all vectors.
An ANN index that does not reach its recall is left out. Of BM25, candidates of the index are
compared with the first documents of all, found without approximation. Hybrid search has the default
weights, and its time contains the encoding of the query.
Every index is measured in a process of its own, by one query after the other, which is encoded
beforehand, but in hybrid search. Times are of the processor, so that other work on the machine
matters little; set OMP_NUM_THREADS=1 for those of one thread.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.recombined import Source, read_sources, recombine
from corpus_tuner import CorpusTunerError, Recipe
from corpus_tuner.calibration.ann_recall import build_ann_indexes
from corpus_tuner.config.recipe import dump_recipe
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import View, compute_digest
from corpus_tuner.encoders import Encoder, EncoderSettings, Vectors, open_encoder
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.bm25 import BM25, LexicalIndex
from corpus_tuner.indexes.lexical.postings import write_postings
from corpus_tuner.indexes.lexical.terms import extract_terms
from corpus_tuner.indexes.representations import (
    Representation,
    open_representation,
    passage,
)
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.ann_indexes import write_ann_indexes
from corpus_tuner.indexes.store.commit import commit, move_segment
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import (
    EncoderEntry,
    Manifest,
    VectorSearchEntry,
    read_manifest,
)
from corpus_tuner.indexes.store.segment_writer import SegmentRows, write_segment
from corpus_tuner.indexes.store.write_lock import create_index_folder, lock_index
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.ann import VectorSettings
from corpus_tuner.indexes.vectors.dense_index import DenseIndex, find_top

FILES = ("arxiv-title-en.jsonl.gz", "gesetze-title-de.jsonl.gz")
INDEXES = ("flat", "hnsw", "ivf_sq8")
AT_ONCE = 256  # documents that are encoded
BLOCK = 8_192  # documents whose vectors are made
QUERIES = 300
WORDS = 8  # of a query, the first ones of a document that is not indexed
NEAR = 0.9  # cosine of a vector and its noisy copy, about
FIRST = (10, 100)
REPRESENTATION = passage.Settings(storage="float16")
LEXICAL = LexicalSettings(languages=("de", "en"))


def encode(
    file: Path, sources: Sequence[Source], encoder: Encoder, most: int, minutes: float
) -> int:
    """Encode documents, going on behind those that are in the file; return how many there are.

    Parameters
    ----------
    file
        float16, one vector after the other.
    sources
        Of the documents.
    encoder
        Reads them.
    most
        No more than so many.
    minutes
        What is there already does not count.
    """
    file.touch()
    size = 2 * encoder.dimension
    done = file.stat().st_size // (size * AT_ONCE) * AT_ONCE
    with file.open("rb+") as vectors:
        vectors.truncate(done * size)
        vectors.seek(0, 2)
        until = time.monotonic() + 60 * minutes
        for some in split_into_chunks(islice(recombine(sources), done, most), AT_ONCE):
            if time.monotonic() > until:
                break
            texts = [f"{one.title} {one.text}".strip() for one in some]
            vectors.write(encoder.encode_documents(texts).astype(np.float16).tobytes())
            vectors.flush()
            done += len(some)
    return min(done, most)


class Recombined:
    """The documents, as what a segment is made of.

    Parameters
    ----------
    sources
        Of their texts.
    vectors
        float16, of the first ones, shape (documents, dimension).
    count
        How many documents there are to be.
    """

    def __init__(
        self, sources: Sequence[Source], vectors: npt.NDArray[np.float16], count: int
    ) -> None:
        self._sources = sources
        self._vectors = vectors
        self._count = count

    def read_stored(self) -> Iterator[StoredDocument]:
        """Yield the documents."""
        for document in islice(recombine(self._sources), self._count):
            view = View(document.id, "passage", f"{document.title} {document.text}".strip())
            yield StoredDocument(document, [view], compute_digest(document), {})

    def read_rows(self, _: Representation) -> SegmentRows:
        """Return one row a document."""
        counts = np.ones(self._count, np.int64)
        return SegmentRows(counts, np.zeros(self._count, np.int32), self._blocks())

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the terms of titles and texts."""
        documents = islice(recombine(self._sources), self._count)
        texts = (f"{document.title}\n{document.text}" for document in documents)
        write_postings((extract_terms(ranker, text, LEXICAL) for text in texts), folder, ranker)

    def _blocks(self) -> Iterator[Vectors]:
        known = len(self._vectors)
        for start in range(0, self._count, BLOCK):
            numbers = np.arange(start, min(start + BLOCK, self._count))
            vectors = self._vectors[numbers % known].astype(np.float32)
            noise = np.random.default_rng(start).standard_normal(vectors.shape, np.float32)
            noise *= np.tan(np.arccos(NEAR)) / np.sqrt(vectors.shape[1])
            noise[numbers < known] = 0
            vectors += noise
            yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_index(index: Path, source: Recombined, encoder: Encoder) -> None:
    """Write the index, without an ANN index."""
    create_index_folder(index)
    with lock_index(index, "a benchmark"):
        working = Layout(index).get_staging_folder("million")
        representation = open_representation(REPRESENTATION)
        dimension = encoder.dimension
        entry = write_segment(source, working, [representation], dimension, LEXICAL.rankers)
        entry = move_segment(index, entry, working)
        settings = Recipe(lexical=LEXICAL, calibrate=False)
        manifest = Manifest(
            encoder=EncoderEntry(
                fingerprint=encoder.fingerprint,
                dimension=encoder.dimension,
                max_tokens=encoder.max_tokens,
                settings={"name": encoder.name},
            ),
            representation=REPRESENTATION.name,
            representations={REPRESENTATION.name: REPRESENTATION.model_dump()},
            lexical=LEXICAL,
            search=settings.search,
            segments=(entry,),
            build={
                "languages": {"en": 0.75, "de": 0.25},
                "recipe": dump_recipe(settings),
            },
        )
        commit(index, manifest)


def build_index(index: Path, name: str, encoder: Encoder) -> dict[str, Any]:
    """Give the index ANN indexes; return how long that took, and the search parameters."""
    settings = VectorSettings(index=name)
    parameters = settings.get_first_parameters()
    with lock_index(index, "a benchmark"):
        manifest = read_manifest(index)
        begin = time.process_time()
        written = write_ann_indexes(index, manifest, settings)
        took = time.process_time() - begin
        entry = VectorSearchEntry(settings=settings, parameters=parameters, queries=None)
        manifest = commit(index, written.model_copy(update={"vectors": entry}))
        manifest = build_ann_indexes(index, manifest, settings, encoder)
    return {"minutes": took / 60, "parameters": manifest.vectors.parameters}


class Known:
    """An encoder of queries that are encoded already, by their numbers."""

    def __init__(self, vectors: Vectors, entry: EncoderEntry) -> None:
        self.name, self.fingerprint = entry.settings["name"], entry.fingerprint
        self.dimension = entry.dimension
        self._vectors = vectors

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of queries."""
        return self._vectors[[int(text) for text in texts]]


def measure(folder: Path, name: str) -> dict[str, Any]:
    """Measure the index as it is now."""
    index = folder / "index"
    queries = np.load(folder / "queries.npy")
    manifest = read_manifest(index)
    encoder = Known(queries, manifest.encoder)
    before = anonymous()
    begin = time.process_time()
    with Searcher.open(index, encoder=encoder) as searcher:
        opening = time.process_time() - begin
        found, milliseconds = timed(searcher.dense, queries)
        searching = measure_times(
            lambda number: searcher.search(str(number), 10, mode="dense"), len(queries)
        )
        memory = anonymous() - before
    texts = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    with Searcher.open(index) as searcher:
        searcher.search(texts[0])
        hybrid = measure_times(lambda number: searcher.search(texts[number], 10), len(texts))
    exact = folder / "exact.npy"
    if name == "flat":
        np.save(exact, found)
    (segment,) = manifest.segments
    others = (*LEXICAL.rankers, "documents")
    files = [entry.bytes for file, entry in segment.files.items() if not file.startswith(others)]
    return {
        **{f"recall@{k}": share(found, np.load(exact), k) for k in FIRST},
        "p50": float(np.percentile(milliseconds, 50)),
        "p99": float(np.percentile(milliseconds, 99)),
        "search": float(np.percentile(searching, 50)),
        "hybrid": float(np.percentile(hybrid, 50)),
        "hybrid p95": float(np.percentile(hybrid, 95)),
        "bytes": sum(files) / segment.documents,
        "opening": opening,
        "memory": memory,
    }


def measure_terms(index: LexicalIndex, texts: Sequence[str]) -> dict[str, float]:
    """Measure the search for the candidates of a lexical ranker, and their recall."""

    def find(number: int) -> Ordinals:
        return index.find_candidates(texts[number], BM25(), FIRST[-1])

    find(0)
    taken = measure_times(find, len(texts))
    found: dict[int, list[float]] = {k: [] for k in FIRST}
    for number, text in enumerate(texts):
        candidates = find(number)
        exact = index.score(text, BM25())
        for k, own in found.items():
            first = np.intersect1d(find_top(exact, k), np.flatnonzero(exact))
            own.append(float(np.isin(first, candidates).mean()) if len(first) else 1.0)
    return {
        "p50": float(np.percentile(taken, 50)),
        "p95": float(np.percentile(taken, 95)),
        **{f"recall@{k}": float(np.mean(own)) for k, own in found.items()},
    }


def measure_times(search: Callable[[int], object], count: int) -> list[float]:
    """Return the processor time of every search, in milliseconds."""
    milliseconds = []
    for number in range(count):
        begin = time.process_time()
        search(number)
        milliseconds.append(1e3 * (time.process_time() - begin))
    return milliseconds


def timed(dense: DenseIndex, queries: Vectors) -> tuple[npt.NDArray[np.float64], list[float]]:
    """Return the best scores for every query, best first, and the milliseconds each took."""
    dense.top_documents(queries[:5], FIRST[-1], 0.0)
    best, milliseconds = [], []
    for query in queries:
        begin = time.process_time()
        (near,) = dense.top_documents(query[None], FIRST[-1], 0.0)
        milliseconds.append(1e3 * (time.process_time() - begin))
        best.append(np.sort(near.scores.passage)[::-1][: FIRST[-1]])
    return np.array(best), milliseconds


def share(found: npt.NDArray[np.float64], exact: npt.NDArray[np.float64], k: int) -> float:
    """Return how much of the first `k` is found, as good as these."""
    return float(np.mean((found[:, :k] >= exact[:, k - 1 : k] - 1e-9).sum(axis=1) / k))


def anonymous() -> float:
    """Return the memory of this process that is of no file, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"RssAnon:\s+(\d+)", status)
    assert found
    return int(found[1]) / 1024


def show(results: dict[str, dict[str, Any]]) -> None:
    """Print a table of all indexes."""
    columns = {
        "recall@10": "{recall@10:.3f}",
        "recall@100": "{recall@100:.3f}",
        "p50, ms": "{p50:.1f}",
        "p99, ms": "{p99:.1f}",
        "time, of `flat`": "{ratio:.3f}",
        "search for 10 hits, ms": "{search:.1f}",
        "hybrid search, encoding included, p50 and p95, ms": "{hybrid:.1f}; {hybrid p95:.1f}",
        "bytes a document": "{bytes:,.0f}",
        "build, minutes": "{minutes:.1f}",
        "opening, ms": "{opening:.0f}",
        "anonymous memory, MiB": "{memory:.0f}",
        "parameters": "{shown}",
    }
    print("| index |", " | ".join(columns), "|")
    print("|---|" + "---:|" * (len(columns) - 1) + "---|")
    for name, found in results.items():
        parameters = found["parameters"].items()
        values = {
            **found,
            "opening": 1e3 * found["opening"],
            "ratio": found["p50"] / results["flat"]["p50"],
            "shown": ", ".join(f"`{parameter}` {value}" for parameter, value in parameters),
        }
        cells = [cell.format_map(values) for cell in columns.values()]
        print(f"| `{name}` |", " | ".join(cells), "|")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("training", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--only", nargs="+", default=INDEXES)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    folder: Path = chosen.folder
    if chosen.measure:
        print(json.dumps(measure(folder, chosen.measure)))
        return
    folder.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(EncoderSettings(name="builtin"))
    if not Layout(folder / "index").manifest.exists():
        prepare(chosen, encoder)
    results_file = folder / "results.json"
    results = json.loads(results_file.read_text(encoding="utf-8")) if results_file.exists() else {}
    for name in dict.fromkeys(("flat", *chosen.only)):
        if name in results:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            built = build_index(folder / "index", name, encoder)
        except CorpusTunerError as error:
            print(error, file=sys.stderr)
            continue
        command = [sys.executable, "-m", "benchmarks.million", str(chosen.training)]
        command += ["--folder", str(folder), "--measure", name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results[name] = built | json.loads(done.stdout)
        results_file.write_text(json.dumps(results, indent=2), encoding="utf-8")
    texts = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    print("| BM25 of | p50, ms | p95, ms | recall@10 | recall@100 |\n|---|--:|--:|--:|--:|")
    with Searcher.open(folder / "index") as searcher:
        for name, index in searcher.lexical.items():
            found = measure_terms(index, texts)
            print("| {} | {p50:.1f} | {p95:.1f} |".format(name, **found), end="")
            print(" {recall@10:.3f} | {recall@100:.3f} |".format_map(found))
    manifest = read_manifest(folder / "index")
    print(f"{manifest.documents:,} documents, {QUERIES} queries")
    show(results)


def prepare(chosen: argparse.Namespace, encoder: Encoder) -> None:
    """Encode documents and queries, and write the index."""
    folder: Path = chosen.folder
    sources = read_sources([chosen.training / name for name in FILES])
    file = folder / "true.f16"
    known = encode(file, sources, encoder, chosen.documents, chosen.minutes)
    vectors = np.memmap(file, np.float16, "r", shape=(known, encoder.dimension))
    print(f"{known:,} of {chosen.documents:,} documents are encoded", file=sys.stderr)
    others = islice(recombine(sources, seed=1), QUERIES)
    queries = [" ".join(one.text.split()[:WORDS]) for one in others]
    np.save(folder / "queries.npy", encoder.encode_queries(queries))
    (folder / "queries.json").write_text(json.dumps(queries), encoding="utf-8")
    write_index(folder / "index", Recombined(sources, vectors, chosen.documents), encoder)


if __name__ == "__main__":
    main()
