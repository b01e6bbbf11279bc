"""Ablation: how well subsets of a document's views rank, by kind, generator and quality check.

One index of a benchmark holds all views, accepted or not; it is built as any other is, so an
interrupted ablation is resumed. Scores are those of the representations, over all documents.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.config.recipe import Recipe, load_recipe
from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.files import write_text
from corpus_tuner.core.progress import add_prefix, show_activity, track
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, Vectors, open_encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.open_benchmark import check_corpora, open_benchmarks
from corpus_tuner.eval.report import Result
from corpus_tuner.eval.report.tables import format_markdown, tabulate_measure, write_results
from corpus_tuner.eval.setup import DEPTH, Setup
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, MeasuredRun, measure_queries
from corpus_tuner.eval.trec.runs import Ranking, break_ties, keep_best
from corpus_tuner.generation.checks import Candidate, Check, judge, open_checks
from corpus_tuner.generation.generators import list_generators
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.generation.models.engine import LanguageModelSettings
from corpus_tuner.generation.open_recipe import OpenRecipe, detect_corpus_languages, open_recipe
from corpus_tuner.indexes.representations import (
    Scores,
    count_windows,
    find_greatest,
    open_representation,
)
from corpus_tuner.indexes.representations.views import Settings as Views
from corpus_tuner.indexes.searcher import Searcher

OWN, EXTRACTIVE, GENERATED, TUNED = "own", "extractive", "generated", "tuned"
"""Groups of views: the document's own, and those of each generator."""

_OWN_KINDS = ("title", "sentence")
_QUERY_BATCH = 256


class Variant(NamedTuple):
    """Views that count, by their groups and, unless empty, one kind; the passage always counts."""

    name: str
    groups: tuple[str, ...]
    kind: str = ""


class Ablation(NamedTuple):
    """Number of indexed documents, and the measures of every query by system."""

    documents: int
    systems: dict[str, MeasuredRun]


class _Writer(NamedTuple):
    """A generator's group, the language of each kind of view, and the checks by name."""

    group: str
    languages: Mapping[str, str]
    checks: Mapping[str, Check]


class _Block(NamedTuple):
    """Documents with all their views; the views of each document begin at one of `starts`."""

    ids: list[str]
    starts: npt.NDArray[np.int64]
    views: list[View]
    vectors: Vectors
    groups: list[set[str]]


def evaluate_ablation(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Recipe | None = None,
    *,
    encoder: Encoder | None = None,
    split: str = "",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
    tuning: GeneratorTuningSettings | None = None,
) -> list[Result]:
    """Measure variants of a recipe on benchmarks, by subsets of the views.

    Parameters
    ----------
    benchmarks, output, settings, encoder, split, measures, depth
        As `corpus_tuner.evaluate` takes them. Results are written to ``ablation.json``, the first
        measure as a table to ``ablation.md``.
    tuning
        Settings of a fine-tuning of the generator on every benchmark's corpus, whose views are
        compared as well, those of every round; ``None`` for none.
    """
    settings = settings or load_recipe()
    skip_bad_records = settings.corpus.on_bad_record == "skip"
    opened = open_benchmarks(benchmarks, split, skip_bad_records)
    check_corpora(opened)
    setup = Setup.open(output, settings, encoder, measures, depth)
    results: list[Result] = []
    for benchmark in opened:
        own = set_language(benchmark, setup)
        with add_prefix(benchmark.name):
            ablation = measure_variants(benchmark, own, tuning)
        facts = {"language": own.settings.language, "documents": ablation.documents}
        results += [
            Result.from_queries(benchmark, name, measured, **facts)
            for name, measured in ablation.systems.items()
        ]
        write_results(results, setup.output / "ablation.json")
        table = format_markdown(tabulate_measure(results, setup.measures[0]))
        write_text(setup.output / "ablation.md", table)
    return results


def list_check_sets(group: str, checks: Iterable[str]) -> dict[str, list[str]]:
    """Return sets of checks that a group of views is judged by, named by the accepted views.

    Examples
    --------
    >>> list_check_sets("tuned", ["duplicate", "copied"])
    {'tuned, checked': ['duplicate', 'copied']}
    """
    names = list(checks)
    if not names or group in (OWN, EXTRACTIVE):
        return {}
    sets = {f"{group}, checked": names}
    if group == GENERATED and len(names) > 1:
        for dropped in names:
            others = [name for name in names if name != dropped]
            sets[f"{group}, checked but for {dropped}"] = others
    return sets


def list_variants(kinds: Mapping[str, Sequence[str]], checks: Sequence[str]) -> list[Variant]:
    """Return the variants to compare.

    Examples
    --------
    >>> [variant.name for variant in list_variants({}, [])]
    ['own', 'only title', 'only sentence']
    """
    variants = [Variant(OWN, (OWN,))]
    single_kinds = [Variant(f"only {kind}", (OWN,), kind) for kind in _OWN_KINDS]
    for group, written in kinds.items():
        sets = list_check_sets(group, checks)
        accepted = f"{group}, checked" if sets else group
        for name in (group, *sets):
            variants += [Variant(f"own, {name}", (OWN, name)), Variant(name, (name,))]
            if sets and name == accepted:
                variants.append(Variant(f"own, extractive, {name}", (OWN, EXTRACTIVE, name)))
        single_kinds += [Variant(f"only {kind}, {accepted}", (accepted,), kind) for kind in written]
    return [*variants, *single_kinds]


def set_language(benchmark: Benchmark, setup: Setup) -> Setup:
    """Return the setup with the main language of a benchmark's corpus."""
    corpus = Corpus(benchmark.corpus, setup.settings.corpus)
    language = detect_corpus_languages(corpus, setup.settings).main
    return replace(setup, settings=setup.settings.model_copy(update={"language": language}))


def measure_variants(
    benchmark: Benchmark,
    setup: Setup,
    tuning: GeneratorTuningSettings | None,
    representations: Mapping[str, PluginSettings] | None = None,
) -> Ablation:
    """Measure all variants on a benchmark.

    Parameters
    ----------
    benchmark, setup
        Benchmark, and settings with its language (`set_language`).
    tuning
        As for `evaluate_ablation`.
    representations
        Settings of representations by name; by default ``mean`` and ``views``, those of the recipe
        or the default ones.
    """
    representations = representations or _list_representations(setup.settings)
    corpus = Corpus(benchmark.corpus, setup.settings.corpus)
    settings = setup.settings
    generators = _list_generators(corpus, benchmark.name, setup, tuning)
    with show_activity("opening the encoder"):
        languages = [settings.language]
        encoder = setup.encoder or open_encoder(settings.encoder, languages=languages)
    recipe = settings.model_copy(  # of an index of all views as they are
        update={
            "generator": tuple(generators.values()),
            "checks": (),
            "representation": Views(storage="float32", invented=1.0, views_per_passage=None),
            "baselines": (),
            "lexical": None,
            "calibrate": False,
        }
    )
    index = setup.output / "ablation" / benchmark.name
    built = build(corpus.source, index, recipe, encoder=encoder, ledger=setup.ledger)
    models = open_recipe(corpus, recipe, encoder=encoder)
    opened = models.generators[settings.language]
    kinds = {group: one.generator.kinds for group, one in zip(generators, opened, strict=True)}
    variants = list_variants(kinds, [check.name for check in settings.checks])
    with show_activity("encoding the queries"):
        queries = encoder.encode_queries(list(benchmark.queries.values()))
    share = settings.search.dense.views
    rankings: dict[str, list[Ranking]] = {}
    by_maker = _open_writers(list(generators), models, settings)
    with Searcher.open(index, encoder=encoder) as searcher:
        blocks = _read_blocks(searcher, by_maker, settings.documents_at_once)
        total = built.documents
        for block in track(blocks, "ablating", lambda: total, lambda block: len(block.ids)):
            for name, scores in _score_variants(block, variants, queries, representations, share):
                rankings[name] = [
                    keep_best(ranking, block.ids, row.tolist(), setup.depth)
                    for ranking, row in zip(
                        rankings.get(name, [[] for _ in queries]), scores, strict=True
                    )
                ]
    systems = {}
    for name, best in track(rankings.items(), "measuring", lambda: len(rankings), unit="systems"):
        run = {
            query: break_ties(ranking)
            for query, ranking in zip(benchmark.queries, best, strict=True)
        }
        systems[name] = measure_queries(benchmark.qrels, run, setup.measures)
    return Ablation(built.documents, systems)


def _list_representations(settings: Recipe) -> dict[str, PluginSettings]:
    own = settings.representation
    return {
        name: own
        if own.name == name
        else read_settings("corpus_tuner.indexes.representations", {"name": name})
        for name in ("mean", "views")
    }


def _list_generators(
    corpus: Corpus, benchmark: str, setup: Setup, tuning: GeneratorTuningSettings | None
) -> dict[str, PluginSettings]:
    """Return the settings of the generators to compare, by group."""
    settings = setup.settings
    abstractive = [
        part for part in list_generators(settings.generator) if not isinstance(part, Extractive)
    ]
    if len(abstractive) != 1:
        raise CorpusTunerError(
            f"the recipe has {len(abstractive)} generators that write words of their own, and one "
            "is ablated: set generator=seq2seq, or another"
        )
    (generator,) = abstractive
    generators: dict[str, PluginSettings] = {EXTRACTIVE: Extractive(), GENERATED: generator}
    if tuning and isinstance(generator, LanguageModelSettings):  # others are not tuned here
        from corpus_tuner.tuning.generator.tune import locate_round, tune_generator

        output = setup.output / "tuned" / benchmark
        model = generator.model
        tune_generator(corpus.source, model, output, settings, tuning, ledger=setup.ledger)
        for number in range(1, tuning.rounds + 1):
            folder = locate_round(output, number, tuning.rounds).resolve()
            group = TUNED if number == 1 else f"{TUNED} in round {number}"
            generators[group] = generator.model_copy(update={"model": str(folder)})
    return generators


def _open_writers(
    groups: Sequence[str], models: OpenRecipe, settings: Recipe
) -> dict[str, _Writer]:
    """Open the checks of every generator; return the writers by the generator's identity."""
    checks = open_checks(settings.checks, models.encoder)
    return {
        generator.identity: _Writer(
            group,
            {instruction.kind: instruction.language for instruction in instructions},
            checks if generator.invents else {},
        )
        for group, (generator, instructions) in zip(
            groups, models.generators[settings.language], strict=True
        )
    }


def _read_blocks(searcher: Searcher, writers: Mapping[str, _Writer], size: int) -> Iterator[_Block]:
    """Yield all documents of an index with their views and the groups of these."""
    segments = searcher.segments
    live = np.flatnonzero(segments.live_docs)
    for first in range(0, len(live), size):
        ordinals = live[first : first + size]
        vectors, starts = searcher.dense.vectors(ordinals)
        documents = segments.read_documents(ordinals)
        views: list[View] = []
        groups: list[set[str]] = []
        for ordinal, document, own_vectors in zip(
            ordinals.tolist(), documents, np.split(vectors, starts[1:]), strict=True
        ):
            own_views = segments.read_views(ordinal)
            views += own_views
            groups += _group_views(document, own_views, own_vectors, writers)
        yield _Block([document.id for document in documents], starts, views, vectors, groups)


def _group_views(
    document: Document, views: Sequence[View], vectors: Vectors, writers: Mapping[str, _Writer]
) -> list[set[str]]:
    """Return for every view its group, and the sets of checks that accept it."""
    own = [number for number, view in enumerate(views) if view.maker not in writers]
    groups = [{OWN} if view.maker not in writers else set() for view in views]
    for maker, writer in writers.items():
        written = [number for number, view in enumerate(views) if view.maker == maker]
        candidates = []
        for number in written:
            groups[number].add(writer.group)
            language = writer.languages[views[number].kind]
            others = [views[other] for other in own], vectors[own]
            candidates.append(
                Candidate(document, *others, views[number], vectors[number], language)
            )
        for name, chosen in list_check_sets(writer.group, writer.checks).items():
            verdicts = judge(candidates, {check: writer.checks[check] for check in chosen})
            for number, verdict in zip(written, verdicts, strict=True):
                if not verdict.reason:
                    groups[number].add(name)
    return groups


def _score_variants(
    block: _Block,
    variants: Sequence[Variant],
    queries: Vectors,
    representations: Mapping[str, PluginSettings],
    share: float,
) -> Iterator[tuple[str, Scores]]:
    """Yield every system with its scores of a block, shape (queries, documents).

    `share` is that of the other views in the score of a document.
    """
    passages = np.zeros(len(block.views), bool)
    passages[block.starts] = True
    plain = read_settings("corpus_tuner.indexes.representations", {"name": "passage"})
    yield "passage", _score_block(block, passages, plain, queries, share)
    for variant in variants:
        in_groups = [not groups.isdisjoint(variant.groups) for groups in block.groups]
        of_kind = [variant.kind in ("", view.kind) for view in block.views]
        counted = passages | (np.array(in_groups) & np.array(of_kind))
        for name, how in representations.items():
            scores = _score_block(block, counted, how, queries, share)
            yield f"{name}: {variant.name}", scores


def _score_block(
    block: _Block,
    counted: npt.NDArray[np.bool_],
    representation: PluginSettings,
    queries: Vectors,
    share: float,
) -> Scores:
    """Return the scores of documents by some of their views, shape (queries, documents)."""
    opened = open_representation(representation)
    rows, windows = [], []
    for start, end in zip(block.starts, [*block.starts[1:], len(block.views)], strict=True):
        chosen = np.arange(start, end)[counted[start:end]]
        views = [block.views[position] for position in chosen]
        rows.append(opened.make_rows(views, block.vectors[chosen]).vectors)
        windows.append(min(count_windows(views), len(rows[-1])))
    counts = np.array(windows, np.int32)
    starts = np.cumsum([0, *(len(vectors) for vectors in rows[:-1])])
    columns = np.concatenate(rows).T.astype(np.float64)
    return np.stack(
        [
            opened.score(*find_greatest(similarities, starts, counts)).combine(share)
            for first in range(0, len(queries), _QUERY_BATCH)
            for similarities in queries[first : first + _QUERY_BATCH].astype(np.float64) @ columns
        ]
    )
