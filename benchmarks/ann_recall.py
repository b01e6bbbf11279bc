"""Recall of ANN indexes, and what it means for nDCG.

Run: python -m benchmarks.ann_recall INDEX COLLECTION [--only NAME ...]

COLLECTION is a folder in BEIR layout, and INDEX one that `corpus-tuner build` made of its corpus.
The index is given one ANN index after the other, and at last ``flat``, the baseline.
"""

import argparse
from pathlib import Path

from corpus_tuner.calibration.ann_recall import build_ann_indexes
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.indexes.store.write_lock import lock_index
from corpus_tuner.indexes.vectors.ann import VectorSettings

INDEXES = ("flat", "hnsw", "ivf_sq8")
MIN_ROWS = 1_000  # collections are small
MODES: tuple[Mode, ...] = ("dense", "hybrid")
MAIN = "nDCG@10"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--only", nargs="+", default=INDEXES)
    chosen = parser.parse_args()
    index: Path = chosen.index
    first = read_manifest(index)
    encoder = open_encoder(EncoderSettings.model_validate(first.encoder.settings))
    judged = load_benchmark(chosen.collection)
    queries = list(judged.queries)

    def build(name: str) -> Manifest:
        settings = VectorSettings(index=name, min_rows=MIN_ROWS)
        with lock_index(index, "a benchmark"):
            return build_ann_indexes(index, read_manifest(index), settings, encoder)

    print(f"{chosen.collection.name}: {first.documents:,} documents")
    print("| index |", " | ".join([*(f"{mode} {MAIN}" for mode in MODES), "recall@100"]), "| |")
    print("|---|" + "---:|" * (len(MODES) + 1) + "---|")
    usual: dict[Mode, float] = {}
    for name in dict.fromkeys(("flat", *chosen.only)):
        manifest = build(name)
        cells = []
        with Searcher.open(index, encoder=encoder) as searcher:
            for mode in MODES:
                found = searcher.rank([judged.queries[one] for one in queries], mode=mode)
                run = dict(zip(queries, found, strict=True))
                points = 100 * measure(judged.qrels, run, [MAIN])[MAIN]
                difference = points - usual.setdefault(mode, points)
                cells.append(f"{points:.2f} ({difference:+.2f})")
        cells.append("1" if manifest.vectors.recall is None else f"{manifest.vectors.recall:.4f}")
        parameters = manifest.vectors.parameters.items()
        cells.append(", ".join(f"`{parameter}` {value}" for parameter, value in parameters))
        print(f"| `{name}` |", " | ".join(cells), "|", flush=True)
    build("flat")


if __name__ == "__main__":
    main()
