"""What every engine of vectors finds of what an exact search does, and what that means for users.

Run: python -m benchmarks.vector_engines INDEX COLLECTION [--only ENGINE ...]

COLLECTION is a folder in BEIR layout, and INDEX one that `corpus-tuner build` made of its corpus.
The index is given one engine after the other, and at last ``flat``, the baseline.
"""

import argparse
from pathlib import Path

from corpus_tuner.calibration.ann_recall import finding
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.indexes.store.write_lock import lock_index
from corpus_tuner.indexes.vectors.engines import engine_settings

ENGINES = ("flat", "sq8", "hnsw", "ivf_sq8", "ivf_pq", "rabitq")
LEAST_ROWS = 1_000  # of a segment that is given a structure: collections are small
MODES: tuple[Mode, ...] = ("dense", "hybrid")
MAIN = "nDCG@10"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=ENGINES)
    chosen = parser.parse_args()
    index: Path = chosen.index
    first = read_manifest(index)
    encoder = open_encoder(EncoderSettings.model_validate(first.encoder.settings))
    judged = load_benchmark(chosen.collection)
    queries = list(judged.queries)

    def give(name: str) -> Manifest:
        values = {"name": name} if name == "flat" else {"name": name, "least_rows": LEAST_ROWS}
        with lock_index(index, "a benchmark"):
            return finding(index, read_manifest(index), engine_settings(values), encoder)

    print(f"{chosen.collection.name}: {first.documents:,} documents")
    print("| engine |", " | ".join([*(f"{mode} {MAIN}" for mode in MODES), "recall@100"]), "| |")
    print("|---|" + "---:|" * (len(MODES) + 1) + "---|")
    usual: dict[Mode, float] = {}
    for name in (name for name in ENGINES if name in {"flat", *chosen.only}):
        manifest = give(name)
        cells = []
        with Searcher.open(index, encoder=encoder) as searcher:
            for mode in MODES:
                found = searcher.rank([judged.queries[one] for one in queries], mode=mode)
                run = dict(zip(queries, found, strict=True))
                points = 100 * measure(judged.qrels, run, [MAIN])[MAIN]
                difference = points - usual.setdefault(mode, points)
                cells.append(f"{points:.2f} ({difference:+.2f})")
        cells.append("1" if manifest.vectors.recall is None else f"{manifest.vectors.recall:.4f}")
        settings = manifest.vectors.settings
        knobs = {knob: getattr(settings, knob) for knob in sorted(getattr(settings, "knobs", ()))}
        cells.append(", ".join(f"`{knob}` {value}" for knob, value in knobs.items()))
        print(f"| `{name}` |", " | ".join(cells), "|", flush=True)
    give("flat")


if __name__ == "__main__":
    main()
