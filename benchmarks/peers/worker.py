"""Runs in the environment of a library: makes an index, or searches it with all queries.

Run by `benchmarks.peers`: python -m benchmarks.peers.worker LIBRARY index|search FOLDER

FOLDER has documents.jsonl, queries.jsonl and job.json. Vectors come from vectors.npz, by the hash
of a text, or are encoded by sentence-transformers where there is no such file. The answer is
written to index.json or search.json. Seconds are of the processor, in all threads and processes.
"""

import hashlib
import json
import resource
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Encode = Callable[[Sequence[str]], np.ndarray]
"""Function of texts that returns their unit vectors, float32, one a row."""
Search = Callable[[str, int], Sequence[str]]
"""Function of a query and a number of hits that returns ids, best first."""


class Document(NamedTuple):
    """A document, as every library gets it."""

    id: str
    title: str
    text: str

    @property
    def full_text(self) -> str:
        """Title and text."""
        return f"{self.title} {self.text}".strip()


def hash_text(text: str) -> bytes:
    """Return the key of a text among the vectors."""
    return hashlib.sha256(text.encode()).digest()[:16]


def open_encode(library: Any, vectors: Path, model: str) -> Encode:
    """Return a function that looks vectors up or, without a file of vectors, encodes texts."""
    if not getattr(library, "TAKES_VECTORS", True):
        return lambda texts: np.empty((len(texts), 0), np.float32)
    if vectors.exists():
        stored = np.load(vectors)
        rows = {key.tobytes(): row for row, key in enumerate(stored["keys"])}
        values = stored["vectors"]
        return lambda texts: values[[rows[hash_text(text)] for text in texts]]
    from sentence_transformers import SentenceTransformer

    transformer = SentenceTransformer(model, device="cpu")
    return partial(transformer.encode, normalize_embeddings=True, show_progress_bar=False)


def read_lines(path: Path) -> list[dict[str, str]]:
    """Return the records of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def get_seconds() -> float:
    """Return the processor time of this process and of those that it started."""
    used = (resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def get_peak() -> float:
    """Return the peak memory of this process, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure_index(library: Any, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Make an index of all documents; what it takes to start is not counted."""
    records = read_lines(folder / "documents.jsonl")
    documents = [Document(one["_id"], one["title"], one["text"]) for one in records]
    encode = open_encode(library, folder / "vectors.npz", job["model"])
    encode([documents[0].full_text])
    began = get_seconds()
    library.index(documents, folder / "index", job["language"], encode)
    return {"seconds": get_seconds() - began}


def measure_search(library: Any, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Search with every query by itself; the first search counts from the start of the process."""
    queries = {one["_id"]: one["text"] for one in read_lines(folder / "queries.jsonl")}
    encode = open_encode(library, folder / "vectors.npz", job["model"])
    systems: dict[str, Search] = library.open_index(folder / "index", job["language"], encode)
    next(iter(systems.values()))(next(iter(queries.values())), job["timed"])
    first = get_seconds()
    runs: dict[str, dict[str, dict[str, list[str]]]] = {}
    milliseconds = {}
    for name, search in systems.items():
        runs[name] = {}
        for k in job["depths"]:
            began = get_seconds()
            found = {query: list(search(text, k)) for query, text in queries.items()}
            runs[name][str(k)] = found
            if k == job["timed"]:
                milliseconds[name] = 1000 * (get_seconds() - began) / len(queries)
    return {"first": first, "milliseconds": milliseconds, "runs": runs}


def main() -> None:
    name, stage, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    library = import_module(f"benchmarks.peers.libraries.{name}")
    found = {"index": measure_index, "search": measure_search}[stage](library, folder, job)
    found["peak"] = get_peak()
    (folder / f"{stage}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
