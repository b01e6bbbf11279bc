"""Build an index, and only encode the same documents with sentence-transformers.

Run: python -m benchmarks.build [CORPUS] [--documents N]

The baseline is `SentenceTransformer.encode` with all its defaults in float32: one vector for as
much of a document as the model reads. It runs first and last, the builds in between, all in
processes of their own. What it takes to start is taken off: a build of eight documents, or their
encoding. A build reads long documents to their end, so what it reads is given as well, in tokens.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from corpus_tuner import Corpus, Document, build, load_recipe, sample_folder
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import EncoderSettings, embedded, open_encoder
from corpus_tuner.text.passages import PassageSettings, get_full_text, split_passages

BASELINE = "SentenceTransformer.encode"
BUILDS = {
    "no generator": ["generator=null"],
    "extractive": ["generator=extractive"],
    "default": [],
    "default, every view encoded by itself": ["views.late_chunking=false"],
}
_FEW = 8  # documents that tell what it takes to start


def main() -> None:
    """Print a table of times as ratios, and of memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--documents", type=int, default=None, help="only the first so many")
    parser.add_argument("--language", default="en")
    parser.add_argument("--only", nargs="*", choices=list(BUILDS), default=list(BUILDS))
    parser.add_argument("--one", help=argparse.SUPPRESS)  # of the systems, in this process
    chosen = parser.parse_args()
    documents = list(islice(Corpus(chosen.corpus), chosen.documents))
    if chosen.one:
        print(json.dumps(_measured(chosen.one, documents, chosen.language)))
        return
    print(f"{len(documents)} documents of {chosen.corpus}")
    print(f"  tokens read: {_tokens(documents, chosen.language)}")
    runs = []
    for name in (BASELINE, *chosen.only, BASELINE):
        command = [sys.executable, "-m", "benchmarks.build", *sys.argv[1:], "--one", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append((name, json.loads(done.stdout.splitlines()[-1])))
    baseline = sum(run["seconds"] for name, run in runs if name == BASELINE) / 2
    for name, run in runs:
        print(
            f"  {name:34} {run['seconds']:8.1f} s   ratio {run['seconds'] / baseline:5.2f}   "
            f"{len(documents) / run['seconds']:6.1f} documents/s   peak {run['mebibytes']:,} MiB"
        )


def _measured(name: str, documents: list[Document], language: str) -> dict[str, Any]:
    """Return the seconds that a system takes for documents, its start taken off, and its memory."""
    run = _encoding() if name == BASELINE else _building(BUILDS[name], language)
    few, every = (_timed(run, some) for some in (documents[:_FEW], documents))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": every - few, "mebibytes": peak}


def _timed(run: Callable[[list[Document]], Any], documents: list[Document]) -> float:
    begin = time.perf_counter()
    run(documents)
    return time.perf_counter() - begin


def _encoding() -> Callable[[list[Document]], Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(embedded.get_folder()), device="cpu")
    return lambda documents: model.encode([get_full_text(document) for document in documents])


def _building(assignments: list[str], language: str) -> Callable[[list[Document]], Any]:
    settings = load_recipe(None, [f"language={language}", *assignments])
    encoder = open_encoder(EncoderSettings())

    def run(documents: list[Document]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder) / "corpus.jsonl"
            with corpus.open("w", encoding="utf-8") as file:
                for document in documents:
                    record = {"_id": document.id, "title": document.title, "text": document.text}
                    file.write(json.dumps(record) + "\n")
            build(corpus, Path(folder) / "index", settings, encoder=encoder)

    return run


def _tokens(documents: list[Document], language: str) -> str:
    """Say how much the baseline and a build read."""
    encoder = open_encoder(EncoderSettings())
    wholes = encoder.count_tokens([get_full_text(document) for document in documents])
    passages = split_passages(documents, Languages((language,)), encoder, PassageSettings())
    read = encoder.count_tokens([passage.text for own in passages for passage in own])
    limit = encoder.max_tokens
    theirs, ours = (sum(min(limit, count) for count in counts) for counts in (wholes, read))
    return f"{theirs:,} by the baseline, {ours:,} by a build (ratio {ours / theirs:.2f})"


if __name__ == "__main__":
    main()
