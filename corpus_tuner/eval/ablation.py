"""What every kind of view, every check and tuning bring: rankings by subsets of a document's views.

All views of a benchmark's documents, checked or not, are in one index, which is built as any other
is: so an ablation that was killed goes on. Scores are those of the representations themselves, by
brute force over all documents.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import View
from corpus_tuner.core.progress import add_prefix, show_activity, track
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.core.text_output import write_text
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, Vectors
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.ablation_variants import (
    EXTRACTIVE,
    GENERATED,
    TUNED,
    Parts,
    Variant,
    Writer,
    variants,
)
from corpus_tuner.eval.generated_text import differences, measure_uses
from corpus_tuner.eval.open_benchmark import check_corpora, open_benchmarks
from corpus_tuner.eval.report import Result
from corpus_tuner.eval.report.tables import as_markdown, matrix, write_results
from corpus_tuner.eval.setup import ABLATION, DEPTH, USES, Setup
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, measure_queries
from corpus_tuner.eval.trec.runs import Leaders, break_ties
from corpus_tuner.eval.trec.significance import Values
from corpus_tuner.generation.checks import open_checks
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.generators import list_generators
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.generation.open_recipe import OpenRecipe, detect_corpus_languages, open_recipe
from corpus_tuner.indexes.representations import Representation, Scores, open_representation
from corpus_tuner.indexes.representations.views import Settings as Views
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.vectors import Ordinals

_REPRESENTATIONS = ("mean", "views")
_QUERIES_AT_ONCE = 256


class Ablation(NamedTuple):
    """What was measured.

    Attributes
    ----------
    parts
        Rankings by parts of a document's views, vectors alone.
    uses
        A table of what every use of a generator's writing changes in hybrid search.
    """

    parts: list[Result]
    uses: list[list[str]]


class _Block(NamedTuple):
    """Some documents with all their views.

    Attributes
    ----------
    ids
        Of the documents.
    starts
        Where the views of every document begin, shape (documents,).
    views, vectors
        Of all documents; the vectors float32, shape (views, dimension).
    parts
        To which every view belongs.
    """

    ids: list[str]
    starts: Ordinals
    views: list[View]
    vectors: Vectors
    parts: list[tuple[str, ...]]


def evaluate_parts(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Recipe | None = None,
    *,
    encoder: Encoder | None = None,
    split: str = "",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
    home: Path | None = None,
    tune: bool = True,
) -> Ablation:
    """Measure what every part of a recipe brings on every benchmark.

    Parameters
    ----------
    benchmarks, output, settings, encoder, split, measures, depth, home
        As `corpus_tuner.evaluate` takes them; results go to ``ablation.json``, and the first
        measure as a table to ``ablation.md``; what hybrid search gains by every use of what was
        generated goes to ``uses.md``.
    tune
        Whether to tune the generator on every benchmark's corpus, and compare.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, or the recipe has nothing to ablate.
    """
    loaded, _ = open_benchmarks(benchmarks, split, home, settings)
    check_corpora(loaded)
    setup = Setup.of(output, settings, encoder, measures, depth)
    done: list[Result] = []
    used: dict[str, Mapping[str, Values]] = {}
    uses: list[list[str]] = []
    for benchmark in loaded:
        own = _in_its_language(benchmark, setup)
        with add_prefix(benchmark.name):
            done += ablate(benchmark, own, tune=tune)
        used[benchmark.name] = measure_uses(benchmark, own, _writing(own.settings))
        uses = differences(used)
        write_text(as_markdown(uses), setup.output / USES)
        write_results(done, setup.output / ABLATION)
        table = as_markdown(matrix(done, setup.measures[0]))
        write_text(table, (setup.output / ABLATION).with_suffix(".md"))
    return Ablation(done, uses)


def ablate(benchmark: Benchmark, setup: Setup, *, tune: bool = True) -> list[Result]:
    """Measure what the parts of a recipe bring on a benchmark.

    Compared are, as ``mean`` and as ``views``: the document's own views; with them the views that
    the extractive generator writes; those that the recipe's generator writes, unchecked, checked,
    and checked without one of the checks; the same after the generator was tuned on what the
    checks accepted; and every kind of view alone, beside the passage.

    Parameters
    ----------
    benchmark
        Queries and judgments.
    setup
        Of the evaluation, in the language of the corpus; the recipe's generator must be one that is
        checked.
    tune
        Whether to tune the generator on the benchmark's corpus.

    Raises
    ------
    CorpusTunerError
        If the recipe has no such generator.
    """
    corpus = Corpus(benchmark.corpus, setup.settings.corpus)
    language = setup.settings.language
    generators = _generators(corpus, benchmark.name, setup, tune=tune)
    recipe = _all_views(setup.settings, list(generators.values()))
    index = setup.ablated(benchmark.name)
    built = build(corpus.source, index, recipe, encoder=setup.encoder, ledger=setup.ledger)
    opened = open_recipe(corpus, recipe, encoder=setup.encoder)
    compared = variants(
        {
            part: prompted.generator.kinds
            for part, prompted in zip(generators, opened.generators[language], strict=True)
        },
        [check.name for check in setup.settings.checks],
    )
    with show_activity("encoding the queries"):
        queries = setup.encoder.encode_queries(list(benchmark.queries.values()))
    leaders: dict[str, list[Leaders]] = {}
    with (
        Searcher.open(index, encoder=setup.encoder) as searcher,
        _parts(corpus, benchmark.name, list(generators), opened, setup) as parts,
    ):
        blocks = _blocks(searcher, parts, setup.settings.documents_at_once)
        total = built.documents
        for block in track(blocks, "ablating", lambda: total, lambda block: len(block.ids)):
            for name, scores in _scores(block, compared, queries, setup.settings):
                best = leaders.setdefault(name, [Leaders(setup.depth) for _ in queries])
                for leading, row in zip(best, scores, strict=True):
                    leading.add(block.ids, row)
    results = []
    for name, best in track(leaders.items(), "measuring", lambda: len(leaders), unit="systems"):
        run = {
            query: break_ties(leading.ranking())
            for query, leading in zip(benchmark.queries, best, strict=True)
        }
        measured = measure_queries(benchmark.qrels, run, setup.measures)
        facts = {"language": built.language, "documents": built.documents}
        results.append(Result.of(benchmark, name, measured, **facts))
    return results


def _in_its_language(benchmark: Benchmark, setup: Setup) -> Setup:
    """Return the setup with the language of a benchmark's corpus, and the encoder for it."""
    corpus = Corpus(benchmark.corpus, setup.settings.corpus)
    language = detect_corpus_languages(corpus, setup.settings).main
    settings = setup.settings.model_copy(update={"language": language})
    return replace(setup, settings=settings).for_corpus(benchmark.corpus)


def _generators(
    corpus: Corpus, benchmark: str, setup: Setup, *, tune: bool
) -> dict[str, PluginSettings]:
    """Return the settings of the generators to compare, by the part that each writes."""
    settings = setup.settings
    usual = _writing(settings)
    generators: dict[str, PluginSettings] = {EXTRACTIVE: Extractive(), GENERATED: usual}
    if tune and isinstance(usual, Seq2Seq):  # others are not tuned here
        from corpus_tuner.tuning.generator.tune import tune_generator

        folder = setup.tuned(benchmark)
        tune_generator(corpus.source, usual.model, folder, settings, ledger=setup.ledger)
        generators[TUNED] = usual.model_copy(update={"model": str(folder.resolve())})
    return generators


def _writing(settings: Recipe) -> PluginSettings:
    """Return the settings of the recipe's generator that writes what the document does not say."""
    writing = [
        part for part in list_generators(settings.generator) if not isinstance(part, Extractive)
    ]
    if len(writing) != 1:
        raise CorpusTunerError(
            f"the recipe has {len(writing)} generators that write words of their own, and one is "
            "ablated: set generator=seq2seq, or another"
        )
    return writing[0]


def _all_views(settings: Recipe, generators: Sequence[PluginSettings]) -> Recipe:
    """Return the recipe of an index that holds all views as they are, and nothing else."""
    return settings.model_copy(
        update={
            "generator": tuple(generators),
            "checks": (),
            "representation": Views(storage="float32", invented=1.0),
            "baselines": (),
            "lexical": None,
            "calibrate": None,
        }
    )


@contextmanager
def _parts(
    corpus: Corpus, benchmark: str, names: Sequence[str], opened: OpenRecipe, setup: Setup
) -> Iterator[Parts]:
    """Lend what says to which parts a view belongs, with the checks of the recipe."""
    settings = setup.settings
    opened = replace(opened, recipe=settings)
    scratch = setup.scratch(benchmark, "ablation")
    known: dict[str, Writer] = {}
    with ExitStack() as stack:
        shared = stack.enter_context(Enricher(corpus, opened, setup.ledger, scratch)).resources
        language = settings.language
        for part, prompted in zip(names, opened.generators[language], strict=True):
            single = replace(opened, generators={language: [prompted]})
            enricher = stack.enter_context(Enricher(corpus, single, setup.ledger, scratch))
            checked = settings.checks if prompted.generator.invents else ()
            known[prompted.generator.identity] = Writer(
                part,
                {asked.kind: asked.language for asked in prompted.instructions},
                open_checks(checked, shared, enricher.fitted if checked else {}),
            )
        yield Parts(known)
    shutil.rmtree(scratch, ignore_errors=True)


def _blocks(searcher: Searcher, parts: Parts, size: int) -> Iterator[_Block]:
    """Yield all documents with their views, so many at a time."""
    segments = searcher.segments
    living = np.flatnonzero(segments.live_docs)
    for first in range(0, len(living), size):
        ordinals = living[first : first + size]
        vectors, starts = searcher.dense.vectors(ordinals)
        documents = segments.documents(ordinals)
        views: list[View] = []
        labels: list[tuple[str, ...]] = []
        for ordinal, document, its_vectors in zip(
            ordinals.tolist(), documents, np.split(vectors, starts[1:]), strict=True
        ):
            its_views = segments.views(ordinal)
            views += its_views
            labels += parts.of(document, its_views, its_vectors)
        yield _Block([document.id for document in documents], starts, views, vectors, labels)


def _scores(
    block: _Block, compared: Sequence[Variant], queries: Vectors, settings: Recipe
) -> Iterator[tuple[str, Scores]]:
    """Yield every system with its scores, shape (queries, documents)."""
    first = np.zeros(len(block.views), bool)
    first[block.starts] = True
    weight = settings.search.dense.views
    passage = _opened("passage", settings)
    yield "passage", _represented(block, first, passage, queries, weight)
    for variant in compared:
        counted = first | np.array(
            [
                not {*variant.parts}.isdisjoint(parts) and variant.kind in ("", view.kind)
                for view, parts in zip(block.views, block.parts, strict=True)
            ]
        )
        for name in _REPRESENTATIONS:
            scores = _represented(block, counted, _opened(name, settings), queries, weight)
            yield f"{name}: {variant.name}", scores


def _opened(name: str, settings: Recipe) -> Representation:
    """Open a representation as the recipe has it, or with its usual settings."""
    if settings.representation.name == name:
        return open_representation(settings.representation)
    usual = read_settings("corpus_tuner.indexes.representations", {"name": name})
    return open_representation(usual)


def _represented(
    block: _Block,
    counted: npt.NDArray[np.bool_],
    representation: Representation,
    queries: Vectors,
    weight: float,
) -> Scores:
    """Return the scores of documents with some of their views, shape (queries, documents)."""
    rows = []
    for start, end in zip(block.starts, [*block.starts[1:], len(block.views)], strict=True):
        chosen = np.arange(start, end)[counted[start:end]]
        views = [block.views[position] for position in chosen]
        rows.append(representation.rows(views, block.vectors[chosen]).vectors)
    starts = np.cumsum([0, *(len(vectors) for vectors in rows[:-1])])
    columns = np.concatenate(rows).T.astype(np.float64)
    return np.stack(
        [
            representation.parts(similarities, starts).mixed(weight)
            for at in range(0, len(queries), _QUERIES_AT_ONCE)
            for similarities in queries[at : at + _QUERIES_AT_ONCE].astype(np.float64) @ columns
        ]
    )
