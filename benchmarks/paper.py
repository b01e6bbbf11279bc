"""The method of arXiv 2409.16497, step by step: what generated text adds to dense search.

    python -m benchmarks.paper RESULTS FOLDER... [--set NAME=VALUE]

The recipe is ``paper``; `--set` changes it, and the settings of the fine-tuning. Rows of a table
are the passage, and what counts beside it: views as they were generated, those that the checks
accept, those of the generator tuned on accepted ones, and of the round after. In ``mean`` the
weight of the views, in parentheses, is the best on average over the other collections. Columns are
differences from the passage in points; the interval is by bootstrap over the queries.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.difference_rows import format_difference
from corpus_tuner.cli.options import read_tuning_settings
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.core.progress import add_prefix
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.eval.ablation import GENERATED, TUNED, measure_variants, set_language
from corpus_tuner.eval.open_benchmark import check_corpora, open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.setup import DEPTH, Setup
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, MeasuredRun
from corpus_tuner.indexes.representations.mean import Settings as Mean
from corpus_tuner.indexes.representations.views import Settings as Views

PASSAGE, VIEWS = "passage", "views"
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)

Systems = Mapping[str, MeasuredRun]
"""Measures of every query, by system."""


def list_representations() -> dict[str, PluginSettings]:
    """Return the settings of ``mean`` with every weight, by the weight, and of ``views``."""
    return {**{str(weight): Mean(weight=weight) for weight in WEIGHTS}, VIEWS: Views()}


def choose_weight(variant: str, others: Sequence[Systems]) -> str:
    """Return the weight whose mean over some collections is the best by the first measure."""

    def average(weight: str) -> float:
        values = [
            systems[f"{weight}: {variant}"][DEFAULT_MEASURES[0]].values() for systems in others
        ]
        return float(np.mean([np.mean([*one]) for one in values]))

    return max(map(str, WEIGHTS), key=average)


def tabulate(by_benchmark: Mapping[str, Systems], measure: str) -> list[list[str]]:
    """Return a table of one measure; weights of ``mean`` are chosen on the other collections."""
    names = [*by_benchmark]
    plain = {name: systems[PASSAGE][measure] for name, systems in by_benchmark.items()}
    means = [100 * float(np.mean([*plain[name].values()])) for name in names]
    rows = [
        [measure, *names, "average", "95 % interval"],
        [PASSAGE, *(f"{mean:.1f}" for mean in means), f"{np.mean(means):.2f}", ""],
    ]
    rounds = [name for name in by_benchmark[names[0]] if name.startswith(f"{VIEWS}: {TUNED}")]
    tuned = [name.removeprefix(f"{VIEWS}: ") for name in rounds if name.endswith(", checked")]
    for variant in (GENERATED, f"{GENERATED}, checked", *tuned):
        for representation in ("mean", VIEWS):
            differences, weights = [], []
            for name in names:
                chosen = representation
                if representation == "mean":
                    others = [by_benchmark[other] for other in names if other != name]
                    chosen = choose_weight(variant, others or [by_benchmark[name]])
                    weights.append(chosen)
                system = by_benchmark[name][f"{chosen}: {variant}"][measure]
                differences.append(
                    np.array([system[query] - value for query, value in plain[name].items()])
                )
            label = f"{representation}: {variant}" + (f" ({', '.join(weights)})" if weights else "")
            rows.append(format_difference(label, differences))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--set", action="append", dest="assignments", metavar="NAME=VALUE")
    parser.add_argument("--no-tune", action="store_true")
    chosen = parser.parse_args()
    tuning, rest = read_tuning_settings(GeneratorTuningSettings, None, chosen.assignments)
    settings = load_recipe("paper", rest)
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    check_corpora(benchmarks)
    setup = Setup.open(chosen.results, settings, None, DEFAULT_MEASURES, DEPTH)
    by_benchmark: dict[str, Systems] = {}
    for benchmark in benchmarks:
        with add_prefix(benchmark.name):
            ablation = measure_variants(
                benchmark,
                set_language(benchmark, setup),
                None if chosen.no_tune else tuning,
                list_representations(),
            )
        by_benchmark[benchmark.name] = ablation.systems
        for measure in DEFAULT_MEASURES:
            print(format_markdown(tabulate(by_benchmark, measure)), flush=True)


if __name__ == "__main__":
    main()
