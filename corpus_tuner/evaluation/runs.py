"""Compare runs from anywhere: TREC run files in, the report of an evaluation out."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.evaluation.kept import make_folders
from corpus_tuner.evaluation.named import open_benchmarks
from corpus_tuner.evaluation.reports import report_on_runs, write_report
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.benchmarks.folder import read_qrels
from corpus_tuner.eval.benchmarks.registry import recognise
from corpus_tuner.eval.measures import DEFAULT_MEASURES, Measurement, measure_queries
from corpus_tuner.eval.report import Report
from corpus_tuner.eval.runs import read_run, without_self


def compare_runs(
    runs: Sequence[str | Path],
    output: str | Path,
    *,
    benchmark: str = "",
    qrels: Path | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    split: str = "",
    home: Path | None = None,
) -> Report:
    """Measure and compare TREC run files.

    Parameters
    ----------
    runs
        Files, or ``NAME=FILE``; the first is what the others are compared with.
    output
        Where the report goes.
    benchmark, split, home
        What they were made for, as `corpus_tuner.evaluate` takes it.
    qrels
        Instead, a file of judgments, as TREC or BEIR have them.
    measures
        As `corpus_tuner.evaluate` takes them.

    Raises
    ------
    CorpusTunerError, EvaluationError
        If there are fewer than two runs, two of one name, or one cannot be read.
    """
    named = dict(_named(str(each)) for each in runs)
    if len(runs) < 2 or len(named) < len(runs):
        raise CorpusTunerError("give two runs or more, of different names: NAME=FILE names one")
    if (qrels is None) == (not benchmark):
        raise CorpusTunerError("say what judges the runs: either a benchmark or a file of qrels")
    if qrels is not None:
        judged = read_qrels(qrels)
        opened = Benchmark(qrels.stem, "", {query: query for query in judged}, judged)
    else:
        (opened, *_), _ = open_benchmarks([benchmark], split, home)
    found = {name: read_run(path) for name, path in named.items()}
    if opened.remove_self:
        found = {name: without_self(run) for name, run in found.items()}
    measurement = Measurement(
        opened,
        found,
        {name: measure_queries(opened.qrels, run, measures) for name, run in found.items()},
    )
    entry = recognise(opened)
    report = report_on_runs(
        measurement, measures, next(iter(named)), entry.language if entry else ""
    )
    make_folders(Path(output))
    write_report(report, [measurement], Path(output))
    return report


def _named(told: str) -> tuple[str, Path]:
    name, equals, file = told.partition("=")
    if equals and not Path(told).exists():
        return name, Path(file)
    path = Path(told)
    return path.name.removesuffix(".gz").removesuffix(".trec").removesuffix(".txt"), path
