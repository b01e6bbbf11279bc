"""Uses of generated text: hybrid search with and without each of them.

    python -m benchmarks.generated_text RESULTS FOLDER... --set generator=seq2seq

Every use is a recipe whose index is built and calibrated in ``RESULTS/uses``; all share one ledger,
so text is generated once. The table has the difference in nDCG@10 from a recipe without generated
text on every collection, in points, and on average, with a 95 % interval by bootstrap.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.difference_rows import format_difference
from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import Recipe, load_recipe
from corpus_tuner.core.progress import add_prefix
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.eval.open_benchmark import check_corpora, open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.setup import DEPTH, Setup
from corpus_tuner.eval.systems import OpenIndex, System
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import QueryValues, measure_queries
from corpus_tuner.generation.generators import list_generators
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations.views import Settings as Views
from corpus_tuner.indexes.store.manifest import read_manifest

MEASURE = "nDCG@10"
WITHOUT = "without"
"""Recipe without generated text."""


def list_uses(settings: Recipe) -> dict[str, Recipe]:
    """Return the recipes to compare, by name.

    Parameters
    ----------
    settings
        Recipe with one generator of new text.
    """
    (generator,) = (
        part for part in list_generators(settings.generator) if not isinstance(part, Extractive)
    )
    extractive = Extractive()
    kinds = [kind for kind in getattr(generator, "kinds", ()) if kind not in extractive.kinds]
    lexical = settings.lexical or LexicalSettings()
    both: tuple[PluginSettings, ...] = (extractive, generator)
    without = settings.model_copy(
        update={
            "generator": (extractive,),
            "representation": Views(),
            "baselines": (),
            "lexical": lexical.model_copy(update={"views": {}}),
            "calibrate": True,
        }
    )
    views = without.model_copy(update={"generator": both})
    hidden = views.model_copy(update={"representation": Views(invented=0.0)})
    words = lexical.model_copy(update={"views": dict.fromkeys(kinds, 1)})
    return {
        WITHOUT: without,
        "views": views,
        "words": hidden.model_copy(update={"lexical": words}),
    }


def measure_uses(benchmark: Benchmark, setup: Setup) -> dict[str, QueryValues]:
    """Return the measure of every query in hybrid search, by use."""
    values: dict[str, QueryValues] = {}
    for number, (use, recipe) in enumerate(list_uses(setup.settings).items()):
        index = setup.output / "uses" / f"{benchmark.name}.{number}"
        with add_prefix(f"{benchmark.name}, {use}"):
            build(benchmark.corpus, index, recipe, encoder=setup.encoder, ledger=setup.ledger)
            manifest = read_manifest(index)
            system = System(use, manifest.representation, "hybrid", manifest.search)
            with OpenIndex(index, setup.encoder, benchmark.queries) as opened:
                run = opened.run(system, setup.depth)
        values[use] = measure_queries(benchmark.qrels, run, [MEASURE])[MEASURE]
    return values


def tabulate_uses(by_benchmark: Mapping[str, Mapping[str, QueryValues]]) -> list[list[str]]:
    """Return a table of the differences of every use, given values by benchmark and use."""
    first = next(iter(by_benchmark.values()))
    rows = [["use", *by_benchmark, "average", "95 % interval"]]
    means = [100 * np.mean([*values[WITHOUT].values()]) for values in by_benchmark.values()]
    rows.append([WITHOUT, *(f"{mean:.1f}" for mean in means), f"{np.mean(means):.2f}", ""])
    for use in [name for name in first if name != WITHOUT]:
        differences = [
            np.array([values[use][query] - before for query, before in values[WITHOUT].items()])
            for values in by_benchmark.values()
        ]
        rows.append(format_difference(use, differences))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--set", action="append", dest="assignments", metavar="NAME=VALUE")
    chosen = parser.parse_args()
    settings = load_recipe(None, chosen.assignments or [])
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    check_corpora(benchmarks)
    setup = Setup.open(chosen.results, settings, None, [MEASURE], DEPTH)
    values = {}
    for benchmark in benchmarks:
        values[benchmark.name] = measure_uses(benchmark, setup)
        print(format_markdown(tabulate_uses(values)), flush=True)


if __name__ == "__main__":
    main()
