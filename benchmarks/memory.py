"""Peak memory of a build of 10,000 and of 100,000 short documents, the vectors themselves apart.

Run: python -m benchmarks.memory [--documents N] [--factor F]

Every build is a process of its own. FAISS holds one representation's vectors when it writes them;
their bytes are taken off. The baseline is the smaller corpus.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus_tuner import Corpus, sample_folder

RECIPE = ["--set", "generator=null", "--set", "language=en"]


def write_corpus(path: Path, count: int) -> None:
    """Write documents of a few words each, taken from the sample corpus."""
    chance = random.Random(0)
    words = [
        word for document in Corpus(str(sample_folder("en"))) for word in document.text.split()
    ]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = " ".join(chance.choices(words, k=8))
            file.write(json.dumps({"_id": str(number), "title": "", "text": text}) + "\n")


def build(corpus: Path, index: Path) -> tuple[float, float]:
    """Build in a process of its own; return its peak memory and its vectors, in MiB."""
    build_it = ["-m", "corpus_tuner", "build", str(corpus), "-o", str(index), *RECIPE]
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, sys.executable, *build_it],
        check=True,
        capture_output=True,
        text=True,
    )
    vectors = max(file.stat().st_size for file in index.rglob("*.faiss"))
    return int(done.stdout) / 1024, vectors / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--factor", type=int, default=10)
    chosen = parser.parse_args()
    rest = []
    with tempfile.TemporaryDirectory() as folder:
        for count in (chosen.documents, chosen.documents * chosen.factor):
            corpus = Path(folder, f"{count}.jsonl")
            write_corpus(corpus, count)
            peak, vectors = build(corpus, Path(folder, f"{count}.index"))
            rest.append(peak - vectors)
            print(
                f"{count:>9,} documents: peak {peak:7.0f} MiB, "
                f"of which vectors {vectors:6.0f} MiB, rest {rest[-1]:7.0f} MiB",
                flush=True,
            )
    print(f"{chosen.factor} times the documents take {rest[1] / rest[0]:.2f} times the rest")


if __name__ == "__main__":
    main()
