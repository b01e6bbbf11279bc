"""What a generator's writing is good for: hybrid search with and without every use of it.

Every use is a recipe, and is measured as users have it: its index is built and calibrated. What is
written is written once, and kept in the ledger of the evaluation.
"""

from collections.abc import Mapping

import numpy as np

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.progress import add_prefix
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.eval.report.tables import difference_row
from corpus_tuner.eval.setup import Setup
from corpus_tuner.eval.systems import OpenIndex, System
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure_queries
from corpus_tuner.eval.trec.significance import Values
from corpus_tuner.generation.checks.round_trip import Settings as RoundTrip
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations.views import Settings as Views
from corpus_tuner.indexes.store.manifest import read_manifest

WITHOUT = "without"
"""The use that is none: what others are compared with."""


def uses(settings: Recipe, writing: PluginSettings) -> dict[str, Recipe]:
    """Return the recipes that use what a generator writes, by what each does with it.

    Parameters
    ----------
    settings
        The recipe.
    writing
        The generator.

    Examples
    --------
    >>> from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
    >>> list(uses(Recipe(), Seq2Seq()))  # doctest: +NORMALIZE_WHITESPACE
    ['without', 'views', 'contrastive views', 'words', 'weights by questions',
     'weights by questions and sentences']
    """
    extractive = Extractive()
    kinds = [kind for kind in getattr(writing, "kinds", ()) if kind not in extractive.kinds]
    lexical = settings.lexical or LexicalSettings()
    without = settings.model_copy(
        update={
            "generator": (extractive,),
            "representation": Views(),
            "baselines": (),
            "lexical": lexical.model_copy(update={"views": {}}),
            "calibrate": "sentences",
        }
    )
    shown = without.model_copy(update={"generator": (extractive, writing)})
    contrast = (*settings.checks, RoundTrip(top=1))
    hidden = shown.model_copy(update={"representation": Views(invented=0.0)})
    words = lexical.model_copy(update={"views": dict.fromkeys(kinds, 1)})
    return {
        WITHOUT: without,
        "views": shown,
        "contrastive views": shown.model_copy(update={"checks": contrast}),
        "words": hidden.model_copy(update={"lexical": words}),
        "weights by questions": hidden.model_copy(update={"calibrate": "questions"}),
        "weights by questions and sentences": hidden.model_copy(update={"calibrate": "both"}),
    }


def measure_uses(benchmark: Benchmark, setup: Setup, writing: PluginSettings) -> dict[str, Values]:
    """Return what hybrid search reaches with every use, by the first measure, for every query.

    Parameters
    ----------
    benchmark
        Queries and judgments.
    setup
        Of the evaluation.
    writing
        The generator.
    """
    reached: dict[str, Values] = {}
    measure = setup.measures[0]
    for number, (use, recipe) in enumerate(uses(setup.settings, writing).items()):
        index = setup.used(benchmark.name, number)
        with add_prefix(f"{benchmark.name}, {use}"):
            build(benchmark.corpus, index, recipe, encoder=setup.encoder, ledger=setup.ledger)
            manifest = read_manifest(index)
            system = System(use, manifest.representation, "hybrid", manifest.search)
            with OpenIndex(index, setup.encoder, benchmark.queries) as opened:
                run = opened.run(system, setup.depth)
        reached[use] = measure_queries(benchmark.qrels, run, [measure])[measure]
    return reached


def differences(by_benchmark: Mapping[str, Mapping[str, Values]]) -> list[list[str]]:
    """Return a table of what every use changes, in points, with an interval of the average.

    Parameters
    ----------
    by_benchmark
        What every use reaches, for every query, by the name of the benchmark.
    """
    first = next(iter(by_benchmark.values()))
    rows = [["use", *by_benchmark, "average", "95 % interval"]]
    means = [100 * np.mean([*found[WITHOUT].values()]) for found in by_benchmark.values()]
    rows.append([WITHOUT, *(f"{mean:.1f}" for mean in means), f"{np.mean(means):.2f}", ""])
    for use in [name for name in first if name != WITHOUT]:
        changes = [
            np.array([found[use][query] - before for query, before in found[WITHOUT].items()])
            for found in by_benchmark.values()
        ]
        rows.append(difference_row(use, changes))
    return rows
