"""Contribution of each ranker: calibrated search without it, on collections with judgments.

    python -m benchmarks.rankers RESULTS FOLDER...

RESULTS is a folder that ``corpus-tuner eval FOLDER...`` wrote. The others keep their calibrated
weights. A row per ranker: the difference in nDCG@10 on every collection, in points, and on average,
with a 95 % interval by bootstrap over the queries of every collection.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.difference_rows import format_difference
from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.setup import Setup
from corpus_tuner.eval.systems import OpenIndex, System
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure_queries
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.search_settings import SearchSettings

MEASURE = "nDCG@10"
_RANKERS = tuple(SearchSettings().hybrid_weights)


def differences(benchmark: Benchmark, setup: Setup) -> dict[str, np.ndarray]:
    """Return what calibrated search loses without a ranker, for every query, by ranker."""
    index = setup.output / "indexes" / benchmark.name
    manifest = read_manifest(index)
    reached = {}
    with OpenIndex(index, setup.encoder, benchmark.queries) as opened:
        for left_out in ("", *_RANKERS):
            weights = manifest.search.hybrid.model_copy(update={left_out: 0.0} if left_out else {})
            settings = manifest.search.model_copy(update={"hybrid": weights})
            system = System(left_out or "all", manifest.representation, "hybrid", settings)
            run = opened.run(system, 10)
            measured = measure_queries(benchmark.qrels, run, [MEASURE])[MEASURE]
            reached[left_out] = np.array([measured[query] for query in sorted(measured)])
    return {name: reached[name] - reached[""] for name in _RANKERS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("folders", nargs="+")
    chosen = parser.parse_args()
    settings = load_recipe()
    setup = Setup(chosen.results, settings, None)
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    by_name = {benchmark.name: differences(benchmark, setup) for benchmark in benchmarks}
    rows = [["without", *by_name, "average", "95 % interval"]]
    for ranker in _RANKERS:
        rows.append(format_difference(ranker, [found[ranker] for found in by_name.values()]))
    print(format_markdown(rows))


if __name__ == "__main__":
    main()
