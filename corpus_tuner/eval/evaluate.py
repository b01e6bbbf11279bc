"""Evaluation runs: benchmarks in, measured results, TREC runs and a report out.

`named` opens benchmarks, `setup` says what an evaluation is made with. `systems` and `baselines`
rank a benchmark's documents, `oracle` bounds what weights can reach, `measuring` measures all of
them; what becomes of it is a matter of `corpus_tuner.eval`. `ablation` takes a recipe apart,
`run_files` measures and compares runs from anywhere.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from corpus_tuner.building.diff import Changes
from corpus_tuner.building.pipeline import build
from corpus_tuner.building.report import BuildReport
from corpus_tuner.config.recipe import Recipe, parse_recipe, read_stored_recipe, set_encoder
from corpus_tuner.core.html_tables import render_html_table
from corpus_tuner.core.progress import add_prefix, show_progress
from corpus_tuner.core.records import BadRecord
from corpus_tuner.core.text_output import make_folders
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, EncoderSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import Baseline
from corpus_tuner.eval.glossary import ABOUT, glossary
from corpus_tuner.eval.index_costs import timed_build
from corpus_tuner.eval.open_benchmark import check_corpora, open_benchmarks, open_files
from corpus_tuner.eval.report import Cost, Report, Result, read_results
from corpus_tuner.eval.report.assembly import (
    METRICS,
    Chapter,
    Outline,
    bind,
    main_system,
    write_report,
)
from corpus_tuner.eval.report.tables import write_results
from corpus_tuner.eval.run_systems import BASELINE, measure_benchmark
from corpus_tuner.eval.setup import ABLATION, DEPTH, Setup
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES
from corpus_tuner.eval.trec.qrels import write_qrels
from corpus_tuner.indexes.open_index import locate_index

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Evaluation:
    """Results on some benchmarks, with what went into them.

    Attributes
    ----------
    report
        All that was measured.
    builds
        The report of every benchmark's index.
    rejected
        Queries and judgments left out, by benchmark.
    """

    report: Report
    builds: dict[str, BuildReport]
    rejected: dict[str, list[BadRecord]]

    @property
    def results(self) -> list[Result]:
        """One per benchmark and system."""
        return self.report.results

    def to_dataframe(self) -> "DataFrame":
        """Return the results as a pandas DataFrame, as `Report.to_dataframe` does."""
        return self.report.to_dataframe()

    def __repr__(self) -> str:
        return f"Evaluation({len(self.results)} results of {', '.join(self.builds)})"

    def _repr_html_(self) -> str:
        measures = list(dict.fromkeys(name for one in self.results for name in one.measures))
        return render_html_table(
            ["benchmark", "system", *measures],
            (
                (
                    one.benchmark,
                    one.system,
                    *(
                        f"{one.measures[name]:.4f}" if name in one.measures else ""
                        for name in measures
                    ),
                )
                for one in self.results
            ),
        )


def evaluate(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Recipe | Mapping[str, Any] | None = None,
    *,
    encoder: Encoder | str | Path | None = None,
    split: str = "",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
    baselines: Sequence[Baseline] = (),
    compare_with: str = BASELINE,
    home: Path | None = None,
    index: str | Path | None = None,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    command: str = "",
    progress: bool = True,
) -> Evaluation:
    """Build the index of every benchmark, or reuse it, and measure what it finds.

    Measured are each lexical ranker, each representation that the index has, all rankers together
    with the default weights (``default-weights``) and as users search, with those that calibration
    chose (``hybrid``), the baselines, and last what could be reached
    (`corpus_tuner.eval.oracle`): by the best share of words and n-grams, ``oracle``, and by
    the best weights of all rankers, ``oracle-all``, found with the judgments.

    Whatever was built or searched before, from the same things, is not done again.

    Parameters
    ----------
    benchmarks
        As `corpus_tuner.eval.open_benchmark.open_benchmarks` takes them; none with `queries`.
    output
        Where ``report.html``, ``summary.md``, ``table.tex``, ``metrics.json``, ``per_query.csv``,
        ``runs/BENCHMARK.SYSTEM.trec``, ``runs/BENCHMARK.qrels`` and the indexes go.
    settings
        The recipe, or a dictionary of what differs from the default one. Its
        ``corpus.on_bad_record`` is in force for queries and judgments, too.
    encoder
        An open encoder, or the name or folder of one; by default the one that the settings name.
    split
        Which judgments; by default the usual ones of the benchmark, ``test`` for a folder.
    measures
        As `corpus_tuner.eval.trec.measures.measure_queries` takes them; the first is the main one.
    depth
        Documents in every ranking; more where a measure looks deeper.
    baselines
        Further systems.
    compare_with
        The system that others are compared with.
    home
        Where benchmarks that are known by name lie, or go when fetched.
    index
        An index of the one benchmark's documents that is there already, in a folder or in Qdrant
        (`corpus_tuner.Searcher.open`): it is measured, and none is built. No corpus is read.
    queries, qrels
        With `index` and without `benchmarks`: files of queries and of judgments, as
        `corpus_tuner.eval.trec.queries.read_queries` and
        `corpus_tuner.eval.trec.qrels.read_qrels` take them.
    command
        What makes the report again, to be shown in it.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, its index not built, a measure is unknown, or none of the
        judged documents is in the index.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> done = ct.evaluate([str(example_benchmark)], example_results, example_settings)
    >>> [result.system for result in done.results][:2]
    ['bm25', 'ngrams']
    """
    settings, encoder = set_encoder(parse_recipe(settings), encoder)
    if queries is not None or qrels is not None:
        if queries is None or qrels is None or index is None or benchmarks:
            raise CorpusTunerError(
                "queries and qrels go together, with an index and without benchmarks"
            )
        loaded, rejected = open_files(Path(queries), Path(qrels), settings)
    else:
        loaded, rejected = open_benchmarks(benchmarks, split, home, settings)
    if index is not None:
        if len(loaded) > 1:
            raise CorpusTunerError("an index that is there is measured on one benchmark: name one")
        settings = _settings_of(index, settings)
    else:
        check_corpora(loaded)
    with show_progress(progress):
        setup = Setup.of(output, settings, encoder, measures, depth, index)
    make_folders(*(setup.output / name for name in ("runs", "indexes", "sweeps", "costs")))
    builds: dict[str, BuildReport] = {}
    chapters: list[Chapter] = []
    for benchmark in loaded:
        with show_progress(progress), add_prefix(benchmark.name):
            own = setup if index is not None else setup.for_corpus(benchmark.corpus)
            built, cost = _build(benchmark, own)
            builds[benchmark.name] = built
            write_qrels(benchmark.qrels, setup.qrels_file(benchmark.name))
            bad = rejected[benchmark.name]
            chapters.append(
                measure_benchmark(benchmark, built, cost, own, baselines, compare_with, bad)
            )
        write_results(
            [result for chapter in chapters for result in chapter.results], setup.output / METRICS
        )
    report = _report(chapters, setup, compare_with, command)
    write_report(report, chapters, setup.output)
    return Evaluation(report, builds, rejected)


def _build(benchmark: Benchmark, setup: Setup) -> tuple[BuildReport, Cost]:
    """Build the index of a benchmark, or look at the one that is there, and say what it took."""
    if setup.there is not None:
        with closing(locate_index(setup.there)) as source:
            manifest = source.manifest()
        cost = Cost(
            benchmark=benchmark.name,
            documents=manifest.documents,
            views=sum(manifest.views.values()),
            bytes=manifest.bytes,
        )
        report = BuildReport.of(setup.there, Corpus([]), manifest, Changes(), skipped_changed=False)
        return report, cost
    index = setup.index(benchmark.name)
    return timed_build(
        lambda: build(
            benchmark.corpus, index, setup.settings, encoder=setup.encoder, ledger=setup.ledger
        ),
        benchmark.name,
        index,
        setup.cost_file(benchmark.name),
    )


def _settings_of(index: str | Path, settings: Recipe) -> Recipe:
    """Return the settings with the encoder and the default weights of an index."""
    with closing(locate_index(index)) as source:
        manifest = source.manifest()
    encoder = EncoderSettings.model_validate(manifest.encoder.settings)
    trusted = settings.encoder.trust_remote_code
    return settings.model_copy(
        update={
            "encoder": encoder.model_copy(update={"trust_remote_code": trusted}),
            "search": read_stored_recipe(manifest).search,
        }
    )


def _report(chapters: Sequence[Chapter], setup: Setup, compare_with: str, command: str) -> Report:
    """Return the report; what an ablation in the same folder measured is part of it."""
    names = {chapter.benchmark for chapter in chapters}
    path = setup.output / ABLATION
    ablation = read_results(path) if path.is_file() else []
    results = [result for chapter in chapters for result in chapter.results]
    return bind(
        chapters,
        Outline(setup.measures, main_system(results, compare_with), compare_with),
        about=ABOUT,
        terms=glossary(results),
        ablation=[result for result in ablation if result.benchmark in names],
        settings=yaml.safe_dump(
            setup.settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True
        ),
        command=command,
    )
