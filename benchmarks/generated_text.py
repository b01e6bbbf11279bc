"""Uses of generated text: hybrid search with and without each of them.

    python -m benchmarks.generated_text RESULTS FOLDER... --set "generator={name: causal, ...}"

A row is a use, with its difference in nDCG@10 from calibrated hybrid search without generated text
in points, on every collection and on average, with a 95 % interval by bootstrap over the queries.
Parameters, in parentheses, are the best on average over the other collections. Texts are generated
once, into ``RESULTS/ledger.sqlite``; indexes and values are in ``RESULTS/uses``, where an
interrupted run goes on.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.difference_rows import format_difference
from benchmarks.filtered_questions import measure_filtered
from benchmarks.generated_words import measure_field, measure_new_words, measure_pseudo_queries
from benchmarks.query_likelihood import QueryLikelihood, measure_query_likelihood
from benchmarks.question_tuning import measure_index, measure_tuned
from benchmarks.scored_collection import MEASURE, ScoredCollection, read_generated
from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import Recipe, load_recipe
from corpus_tuner.core.files import write_text
from corpus_tuner.core.progress import add_prefix
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.eval.open_benchmark import check_corpora, open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.setup import DEPTH, Setup
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import QueryValues
from corpus_tuner.generation.generators import list_generators
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.generation.models.gguf import SMOLLM2, find_gguf, hash_gguf
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations.views import Settings as Views
from corpus_tuner.indexes.searcher import Searcher

WITHOUT, VIEWS, WORDS = "without", "views", "words"
"""Recipes without generated text, with it as views, and with its words in lexical search."""
DENSE = "dense search"
"""What the tuned encoder is compared with in dense search."""

Values = dict[str, QueryValues]
"""Values of every query, by use; a parameter of a use is in its name, after ``=``."""


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
        VIEWS: views,
        WORDS: hidden.model_copy(update={"lexical": words}),
    }


def measure_uses(
    benchmark: Benchmark, setup: Setup, parts: list[str], outputs: int | None = None
) -> Values:
    """Return the measure of every query in hybrid search, by use.

    Parameters
    ----------
    benchmark, setup
        Benchmark, and settings with a generator.
    parts
        Which uses to measure (`PARTS`).
    outputs
        Number of questions per document that are filtered; by default those of the generator.
    """
    folder = setup.output / "uses" / benchmark.name
    folder.mkdir(parents=True, exist_ok=True)
    recipes = list_uses(setup.settings)
    if outputs:
        recipes["unchecked"] = _ask_for_more(recipes[VIEWS], outputs)
    for name, recipe in recipes.items():
        with add_prefix(f"{benchmark.name}, {name}"):
            build(
                benchmark.corpus, folder / name, recipe, encoder=setup.encoder, ledger=setup.ledger
            )
    with Searcher.open(folder / WITHOUT) as searcher:
        encoder = open_encoder(EncoderSettings.model_validate(searcher.manifest.encoder.settings))
        scored = ScoredCollection.score(benchmark, searcher, encoder, folder / VIEWS)
        more = read_generated(folder / "unchecked", encoder, searcher) if outputs else scored.views
        measured: dict[str, Callable[[], Iterator[tuple[str, QueryValues]]]] = {
            "recipes": lambda: _measure_recipes(scored, folder),
            "field": lambda: measure_field(scored),
            "new-words": lambda: measure_new_words(scored),
            "pseudo-queries": lambda: measure_pseudo_queries(scored),
            "encoder": lambda: measure_tuned(scored, benchmark.corpus, folder),
            "likelihood": lambda: measure_query_likelihood(
                scored, QueryLikelihood(hash_gguf(SMOLLM2, find_gguf(SMOLLM2)))
            ),
            "filter": lambda: measure_filtered(scored, more),
        }
        values: Values = {}
        for part in parts:
            file = folder / f"{part}.json"
            if not file.is_file():
                with add_prefix(f"{benchmark.name}, {part}"):
                    write_text(file, json.dumps(dict(measured[part]())))
            values |= json.loads(file.read_text(encoding="utf-8"))
    return values


PARTS = ["recipes", "field", "new-words", "pseudo-queries", "encoder", "likelihood", "filter"]
"""Groups of uses that are measured together; the first one has the baseline."""


def _measure_recipes(
    collection: ScoredCollection, folder: Path
) -> Iterator[tuple[str, QueryValues]]:
    for name in (WITHOUT, VIEWS, WORDS):
        yield name, measure_index(collection, folder / name)


def _ask_for_more(recipe: Recipe, outputs: int) -> Recipe:
    """Return a recipe that generates so many questions per document, without checks."""
    generator = list_generators(recipe.generator)[-1].model_copy(
        update={"outputs": outputs, "kinds": ("question",)}
    )
    return recipe.model_copy(update={"generator": (generator,), "checks": (), "calibrate": False})


def tabulate_uses(by_benchmark: Mapping[str, Values]) -> list[list[str]]:
    """Return a table of the differences of every use, given values by benchmark and use.

    A use that was not measured on all of the benchmarks has a row for those with it.
    """
    rows = [["use", *by_benchmark, "average", "95 % interval"]]
    for baseline in (WITHOUT, DENSE):
        having = {name: own for name, own in by_benchmark.items() if baseline in own}
        if not having:
            continue
        means = [100 * float(np.mean([*own[baseline].values()])) for own in having.values()]
        rows.append(
            _pad(
                [baseline, *(f"{mean:.1f}" for mean in means), f"{np.mean(means):.2f}", ""],
                having,
                by_benchmark,
            )
        )
        uses = dict.fromkeys(use.partition(" = ")[0] for own in having.values() for use in own)
        for use in uses:
            if use in (WITHOUT, DENSE) or use.startswith(f"{DENSE},") != (baseline == DENSE):
                continue
            measured = {
                name: own
                for name, own in having.items()
                if any(one.partition(" = ")[0] == use for one in own)
            }
            chosen = {name: choose_parameter(use, name, measured, baseline) for name in measured}
            differences = [
                _subtract(own[chosen[name]], own[baseline]) for name, own in measured.items()
            ]
            parameters = ", ".join(one.partition(" = ")[2] for one in chosen.values())
            label = f"{use} ({parameters})" if parameters.strip(", ") else use
            rows.append(_pad(format_difference(label, differences), measured, by_benchmark))
    return rows


def choose_parameter(use: str, name: str, by_benchmark: Mapping[str, Values], baseline: str) -> str:
    """Return the name of a use with the parameter that is the best on the other benchmarks."""
    others = [own for other, own in by_benchmark.items() if other != name] or [by_benchmark[name]]
    options = [one for one in by_benchmark[name] if one.partition(" = ")[0] == use]
    return max(
        options,
        key=lambda one: float(
            np.mean([_subtract(own[one], own[baseline]).mean() for own in others])
        ),
    )


def _subtract(values: QueryValues, before: QueryValues) -> np.ndarray:
    return np.array([value - before[query] for query, value in values.items()])


def _pad(row: list[str], having: Mapping[str, Values], every: Mapping[str, Values]) -> list[str]:
    """Return a row with empty cells for benchmarks without the use."""
    name, *cells = row
    own = iter(cells)
    return [name, *(next(own) if one in having else "" for one in every), *own]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--set", action="append", dest="assignments", metavar="NAME=VALUE")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--questions", type=int, help="questions per document that are filtered")
    chosen = parser.parse_args()
    settings = load_recipe(None, chosen.assignments or [])
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    check_corpora(benchmarks)
    setup = Setup.open(chosen.results, settings, None, [MEASURE], DEPTH)
    values = {}
    for benchmark in benchmarks:
        values[benchmark.name] = measure_uses(benchmark, setup, chosen.parts, chosen.questions)
        print(format_markdown(tabulate_uses(values)), flush=True)


if __name__ == "__main__":
    main()
