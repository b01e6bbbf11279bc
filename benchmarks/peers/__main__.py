"""Measure quality and cost of other libraries and ours, with the same encoder.

    python -m benchmarks.peers FOLDER... [--environments FOLDER] [--only LIBRARY...]
    python -m benchmarks.peers FOLDER --cost

FOLDERs are collections in BEIR layout; their bad records are left out. The encoder of all libraries
is all-MiniLM-L6-v2, also where a collection is German. Each library runs in an environment of its
own, which is made on first use with the versions of `benchmarks.peers.environments`. Every query is
searched for by itself, for 100 hits, so that each ranker brings 100 candidates, and for 10, as
users do.

Every collection is encoded once, by sentence-transformers, and all others get these vectors;
with --cost, each library encodes by itself, and what it takes is measured instead of quality, with
the first 100 queries.
Results are merged into benchmarks/results/peers.json; `python -m benchmarks.peers.tables` writes
them into the documentation.
"""

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydantic import BaseModel

from benchmarks.peers.environments import LIBRARIES, open_environment
from benchmarks.peers.results import Cost, Quality, Results
from benchmarks.peers.worker import hash_text
from corpus_tuner import Corpus, Document, load_recipe
from corpus_tuner.core.cache import get_cache_folder
from corpus_tuner.encoders import embedded
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.text.language_detection import detect_languages

DEPTHS = (100, 10)
TIMED = 10
TIMED_QUERIES = 100
ROOT = Path(__file__).parent.parent.parent
MIB = 2**20


def write_lines(path: Path, records: Sequence[dict[str, str]]) -> None:
    """Write a file of JSON lines."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")


def encode_once(path: Path, texts: Sequence[str]) -> None:
    """Write the vectors of texts, unless there is a file of them."""
    keys = np.array([np.frombuffer(hash_text(text), np.uint8) for text in dict.fromkeys(texts)])
    if path.exists() and np.array_equal(np.load(path)["keys"], keys):
        return
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(embedded.get_folder()), device="cpu")
    vectors = model.encode(list(dict.fromkeys(texts)), normalize_embeddings=True)
    with path.open("wb") as file:
        np.savez(file, keys=keys, vectors=vectors)


def rank_documents(found: dict[str, list[str]]) -> Run:
    """Return a run of the ids that a library returned, with scores that state their order."""
    return {
        query: [(document, 1 / rank) for rank, document in enumerate(dict.fromkeys(ids), 1)]
        for query, ids in found.items()
    }


def run_worker(python: str, library: str, stage: str, folder: Path) -> dict[str, Any]:
    """Run a stage in the environment of a library, and return its answer."""
    variables = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",  # threads that wait for others take processor time as well
        "PYTHONPATH": str(ROOT),
    }
    command = [python, "-m", "benchmarks.peers.worker", library, stage, str(folder)]
    done = subprocess.run(
        command, cwd=folder, env=variables, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{library}, {stage}:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads((folder / f"{stage}.json").read_text(encoding="utf-8"))
    return answer


def measure_disk(folder: Path) -> float:
    """Return the size of all files of a folder, in MiB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MIB


def measure_library(
    library: str, python: str, benchmark: Benchmark, folder: Path, job: dict[str, Any]
) -> tuple[list[Quality], list[Cost]]:
    """Index the documents of a folder with a library, and search them."""
    shutil.rmtree(folder / "index", ignore_errors=True)
    indexed = run_worker(python, library, "index", folder)
    disk = measure_disk(folder / "index")
    searched = run_worker(python, library, "search", folder)
    qualities = [
        Quality(
            collection=benchmark.name,
            library=library,
            system=system,
            hits=int(hits),
            measures=measure(benchmark.qrels, rank_documents(found)),
        )
        for system, runs in searched["runs"].items()
        for hits, found in runs.items()
    ]
    costs = [
        Cost(
            collection=benchmark.name,
            library=library,
            system=system,
            index_seconds=indexed["seconds"],
            index_mib=disk,
            index_memory_mib=indexed["peak"],
            first_search_seconds=searched["first"],
            search_milliseconds=milliseconds,
            search_memory_mib=searched["peak"],
        )
        for system, milliseconds in searched["milliseconds"].items()
    ]
    return qualities, costs


def prepare(
    benchmark: Benchmark, documents: list[Document], folder: Path, vectors: Path | None
) -> dict[str, Any]:
    """Write what all libraries read of a collection."""
    records = [{"_id": one.id, "title": one.title, "text": one.text} for one in documents]
    write_lines(folder / "documents.jsonl", records)
    queries = [{"_id": id_, "text": text} for id_, text in benchmark.queries.items()]
    queries = queries if vectors else queries[:TIMED_QUERIES]
    write_lines(folder / "queries.jsonl", queries)
    if vectors:
        texts = [f"{one.title} {one.text}".strip() for one in documents]
        encode_once(vectors, [*texts, *benchmark.queries.values()])
        shutil.copy(vectors, folder / "vectors.npz")
    job = {
        "model": str(embedded.get_folder()),
        "language": detect_languages(documents)[0].main,
        "depths": DEPTHS if vectors else (TIMED,),
        "timed": TIMED,
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    return job


def show(found: Sequence[BaseModel]) -> None:
    """Print results as JSON lines."""
    for one in found:
        print(one.model_dump_json(), flush=True)


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("collections", type=Path, nargs="+")
    parser.add_argument("--cost", action="store_true", help="measure cost instead of quality")
    parser.add_argument("--environments", type=Path, default=get_cache_folder() / "peers")
    parser.add_argument("--only", nargs="+", choices=list(LIBRARIES), default=list(LIBRARIES))
    chosen = parser.parse_args()
    environments = {name: open_environment(name, chosen.environments) for name in chosen.only}
    reading = load_recipe(None, ["corpus.on_bad_record=skip"]).corpus
    for benchmark in open_benchmarks(chosen.collections, skip_bad_records=True):
        documents = list(Corpus(benchmark.corpus, reading))
        vectors = None if chosen.cost else chosen.environments / f"{benchmark.name}.npz"
        with TemporaryDirectory() as name:
            job = prepare(benchmark, documents, Path(name), vectors)
            for library, python in environments.items():
                qualities, costs = measure_library(library, python, benchmark, Path(name), job)
                show(costs if chosen.cost else qualities)
                results = Results.read()
                results.add(*(([], costs) if chosen.cost else (qualities, [])))
                results.write()


if __name__ == "__main__":
    main()
