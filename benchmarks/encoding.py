"""Encode a corpus with our encoder and with `SentenceTransformer.encode` as it comes.

Run: python -m benchmarks.encoding [CORPUS] [--documents N]

Ours encodes documents as a build does, each by itself. The corpus is read once; blocks of it are
encoded by the two in turn, so that whatever else the
machine does falls on both. The baseline is the same model in the same process with all of
sentence-transformers' defaults.
"""

import argparse
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer

from corpus_tuner import Corpus, sample_folder
from corpus_tuner.indexes.encoders import embedded, open_encoder

BLOCK = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--documents", type=int, default=None, help="only the first so many")
    chosen = parser.parse_args()
    documents = list(islice(Corpus(chosen.corpus), chosen.documents))
    texts = [f"{document.title} {document.text}".strip() for document in documents]

    ours = open_encoder()
    theirs = SentenceTransformer(str(embedded.folder()), device="cpu")
    seconds = {"corpus-tuner": 0.0, "SentenceTransformer.encode": 0.0}
    runners: dict[str, Callable[[list[str]], Any]] = {
        "corpus-tuner": lambda block: np.concatenate(
            ours.encode_groups([[text] for text in block])
        ),
        "SentenceTransformer.encode": theirs.encode,
    }
    for encode in runners.values():  # warm up
        encode(texts[:32])
    nearest = 1.0
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        vectors = {}
        order = list(runners) if start // BLOCK % 2 else list(reversed(runners))
        for name in order:
            begin = time.perf_counter()
            vectors[name] = runners[name](block)
            seconds[name] += time.perf_counter() - begin
        cosines = (vectors["corpus-tuner"] * vectors["SentenceTransformer.encode"]).sum(axis=1)
        nearest = min(nearest, float(cosines.min()))
    baseline = seconds["SentenceTransformer.encode"]
    print(f"{len(texts)} documents of {chosen.corpus}")
    for name, spent in seconds.items():
        print(f"  {name:28} {spent:8.1f} s   ratio {spent / baseline:.2f}")
    print(f"  least cosine between the two {nearest:.5f}")


if __name__ == "__main__":
    main()
