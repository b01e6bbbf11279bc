"""Evaluation: indexes of benchmarks, runs of all systems, measures and a report."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from corpus_tuner.building.diff import Changes
from corpus_tuner.building.pipeline import build
from corpus_tuner.building.report import BuildReport
from corpus_tuner.config.recipe import Recipe, parse_recipe, read_stored_recipe, set_encoder
from corpus_tuner.core.files import create_folder, write_text
from corpus_tuner.core.memory import release_free_memory
from corpus_tuner.core.progress import add_prefix, show_progress
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, EncoderSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import Baseline
from corpus_tuner.eval.benchmarks.beir_folder import read_benchmark
from corpus_tuner.eval.open_benchmark import (
    check_corpora,
    name_after_file,
    open_benchmarks,
)
from corpus_tuner.eval.report import IndexCost, Report
from corpus_tuner.eval.report.assembly import METRICS, merge_reports, write_report
from corpus_tuner.eval.report.tables import write_results
from corpus_tuner.eval.run_systems import BASELINE, run_systems
from corpus_tuner.eval.setup import DEPTH, Setup
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES
from corpus_tuner.eval.trec.qrels import write_qrels
from corpus_tuner.indexes.open_index import locate_index


def evaluate(
    benchmarks: str | Path | Sequence[str | Path],
    output: str | Path,
    settings: Recipe | Mapping[str, Any] | None = None,
    *,
    encoder: Encoder | str | Path | None = None,
    split: str = "",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
    baselines: Sequence[Baseline] = (),
    compare_with: str = BASELINE,
    index: str | Path | None = None,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    command: str = "",
    progress: bool = True,
) -> Report:
    """Build the index of every benchmark, or reuse it, and measure all its systems.

    The systems are each lexical ranker, each representation of the index, hybrid search with the
    default weights (``default``) and with the calibrated ones (``hybrid``), the baselines,
    and two upper bounds whose weights are chosen with the judgments (`corpus_tuner.eval.oracle`):
    the best share of the lexical rankers, ``oracle``, and the best weights of all rankers,
    ``oracle-all``.

    Indexes and runs of the same inputs are reused.

    Parameters
    ----------
    benchmarks
        One benchmark or several, as `corpus_tuner.eval.open_benchmark.open_benchmarks` takes them;
        none with `queries`.
    output
        Folder of ``report.html``, ``summary.md``, ``table.tex``, ``metrics.json``,
        ``per_query.csv``, ``runs/BENCHMARK.SYSTEM.trec``, ``runs/BENCHMARK.qrels`` and the indexes.
    settings
        Recipe, or a dictionary of its differences from the default one. Its
        ``corpus.on_bad_record`` is in force for queries and judgments, too.
    encoder
        Open encoder, or name or folder of one; by default that of the settings.
    split
        Name of the judgments; by default those of the benchmark, ``test`` for a folder.
    measures
        As `corpus_tuner.eval.trec.measures.measure_queries` takes them, the main one first.
    depth
        Number of documents in every ranking; more where a measure looks deeper.
    baselines
        Further systems.
    compare_with
        Name of the baseline that systems are compared with.
    index
        Existing index of the one benchmark's documents, a folder or an address of Qdrant
        (`corpus_tuner.Searcher.open`): it is measured, and none is built. No corpus is read.
    queries, qrels
        Files of queries and judgments, with `index` and without `benchmarks`, as
        `corpus_tuner.eval.trec.queries.read_queries` and
        `corpus_tuner.eval.trec.qrels.read_qrels` take them.
    command
        Command that repeats the evaluation, for the report.
    progress
        Whether to show progress on a terminal or in a notebook.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, its index not built, a measure is unknown, or none of the
        judged documents is in the index.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> done = ct.evaluate(example_benchmark, example_results, example_settings)
    >>> [result.system for result in done.results][:2]
    ['bm25', 'ngrams']
    """
    settings, encoder = set_encoder(parse_recipe(settings), encoder)
    skip_bad_records = settings.corpus.on_bad_record == "skip"
    if queries is not None or qrels is not None:
        if queries is None or qrels is None or index is None or benchmarks:
            raise CorpusTunerError(
                "queries and qrels go together, with an index and without benchmarks"
            )
        opened = [
            read_benchmark(
                Path(queries),
                Path(qrels),
                name=name_after_file(Path(qrels)),
                skip_bad_records=skip_bad_records,
            )
        ]
    else:
        opened = open_benchmarks(benchmarks, split, skip_bad_records)
    if index is None:
        check_corpora(opened)
    elif len(opened) > 1:
        raise CorpusTunerError("an existing index is measured on one benchmark: name one")
    else:
        settings = _adopt_index_settings(index, settings)
    with show_progress(progress):
        setup = Setup.open(output, settings, encoder, measures, depth, index)
    for name in ("runs", "indexes", "sweeps", "costs"):
        create_folder(setup.output / name)
    builds: dict[str, BuildReport] = {}
    reports: list[Report] = []
    for benchmark in opened:
        with show_progress(progress), add_prefix(benchmark.name):
            built, cost = _build_index(benchmark, setup)
            release_free_memory()  # of the encoder that built
            builds[benchmark.name] = built
            write_qrels(benchmark.qrels, setup.output / "runs" / f"{benchmark.name}.qrels")
            reports.append(run_systems(benchmark, built, cost, setup, baselines, compare_with))
        release_free_memory()
        results = [result for report in reports for result in report.results]
        write_results(results, setup.output / METRICS)
    report = merge_reports(reports, compare_with, setup.settings, command)
    write_report(report, setup.output)
    return report.model_copy(update={"builds": builds})


def _adopt_index_settings(index: str | Path, settings: Recipe) -> Recipe:
    """Return the settings with the encoder and the default weights of an index."""
    with closing(locate_index(index)) as source:
        manifest = source.read_manifest()
    encoder = EncoderSettings.model_validate(manifest.encoder.settings)
    trusted = settings.encoder.trust_remote_code
    return settings.model_copy(
        update={
            "encoder": encoder.model_copy(update={"trust_remote_code": trusted}),
            "search": read_stored_recipe(manifest).search,
        }
    )


def _build_index(benchmark: Benchmark, setup: Setup) -> tuple[BuildReport, IndexCost]:
    """Build the index of a benchmark, or read the existing one; return its cost as well.

    The cost of a build is stored, and holds as long as the index is unchanged.
    """
    if setup.index is not None:
        with closing(locate_index(setup.index)) as source:
            manifest = source.read_manifest()
        report = BuildReport.of(setup.index, Corpus([]), manifest, Changes(), skipped_changed=False)
        return report, _count_cost(benchmark.name, report, manifest.bytes)
    index = setup.output / "indexes" / benchmark.name
    existed = index.exists()
    start = time.perf_counter()
    report = build(
        benchmark.corpus, index, setup.settings, encoder=setup.encoder, ledger=setup.ledger
    )
    seconds = round(time.perf_counter() - start, 1)
    size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
    cost = _count_cost(benchmark.name, report, size)
    path = setup.output / "costs" / f"{benchmark.name}.json"
    if report.unchanged and path.is_file():
        stored = IndexCost.model_validate_json(path.read_text(encoding="utf-8"))
        if stored.model_copy(update={"seconds": None, "peak_bytes": None}) == cost:
            return report, stored
    if not existed:
        cost = cost.model_copy(update={"seconds": seconds, "peak_bytes": _measure_peak_memory()})
    if not report.unchanged:
        write_text(path, cost.model_dump_json())
    return report, cost


def _count_cost(benchmark: str, report: BuildReport, size: int) -> IndexCost:
    views = sum(report.views.values())
    return IndexCost(benchmark=benchmark, documents=report.documents, views=views, bytes=size)


def _measure_peak_memory() -> int | None:
    """Return the peak memory of this process, in bytes; ``None`` on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB, macOS in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
