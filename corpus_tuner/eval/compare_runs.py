"""Measuring and comparing TREC runs, without an index."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.core.files import create_folder
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.core.records import BadRecord
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.benchmarks.registry import find_entry
from corpus_tuner.eval.open_benchmark import (
    name_after_file,
    open_benchmarks,
)
from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.assembly import format_ids, report_benchmark, write_report
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, measure_queries, parse_measure
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import raise_bad_record
from corpus_tuner.eval.trec.runs import read_run, remove_query_documents


def compare_runs(
    runs: Sequence[str | Path],
    output: str | Path,
    *,
    benchmark: str = "",
    qrels: Path | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    split: str = "",
    skip_bad_records: bool = False,
    command: str = "",
) -> Report:
    r"""Measure TREC runs, and compare them with the first.

    Parameters
    ----------
    runs
        Files, or ``NAME=FILE``; ``-`` is standard input.
    output
        Folder of the report.
    benchmark, split
        Benchmark of the runs and its judgments, as `corpus_tuner.evaluate` takes them.
    qrels
        File of judgments, instead of a benchmark.
    measures
        As `corpus_tuner.evaluate` takes them.
    skip_bad_records
        Whether bad records of queries and judgments are left out.
    command
        Command that repeats the comparison, for the report.

    Raises
    ------
    CorpusTunerError, EvaluationError
        If there is no run, two have one name, or one cannot be read or has no judged query.

    Examples
    --------
    >>> run, qrels = example_benchmark / "mine.trec", example_benchmark / "mine.qrels"
    >>> _ = run.write_text("q1 Q0 bread 1 2.0 x\nq1 Q0 mill 2 1.0 x\n")
    >>> _ = qrels.write_text("q1 0 mill 1\n")
    >>> report = compare_runs([run], example_results, qrels=qrels, measures=["recip_rank"])
    >>> report.results[0].measures
    {'recip_rank': 0.5}
    """
    files = dict(_parse_argument(str(run)) for run in runs)
    if not runs or len(files) < len(runs):
        raise CorpusTunerError("give one run or more, of different names: NAME=FILE names one")
    if (qrels is None) == (not benchmark):
        raise CorpusTunerError("say what judges the runs: either a benchmark or a file of qrels")
    for name in measures:
        parse_measure(name)
    if qrels is not None:
        judged_by = _read_judgments(qrels, skip_bad_records)
    else:
        judged_by, *_ = open_benchmarks([benchmark], split, skip_bad_records)
    shown = track(files.items(), "reading", lambda: len(files), unit="runs")
    rankings = {name: read_run(path) for name, path in shown}
    for name, run in rankings.items():
        if judged_by.qrels.keys().isdisjoint(run):
            raise EvaluationError(
                f"no query of the run {name} is judged: it has {format_ids(list(run)) or 'none'}, "
                f"and judged are {format_ids(list(judged_by.qrels))}"
            )
    if judged_by.remove_self:
        rankings = {name: remove_query_documents(run) for name, run in rankings.items()}
    with show_activity("measuring"):
        measured = {
            name: measure_queries(judged_by.qrels, run, measures) for name, run in rankings.items()
        }
        entry = find_entry(judged_by)
        language = entry.language if entry else ""
        results = [
            Result.from_queries(judged_by, name, values, language=language)
            for name, values in measured.items()
        ]
        baseline, system, *_ = [*files, *files]
        report = report_benchmark(
            judged_by, rankings, measured, results, measures, system, baseline
        )
    title = f"{', '.join(files)} on {judged_by.name}"
    report = report.model_copy(update={"title": title, "command": command})
    create_folder(Path(output))
    write_report(report, Path(output))
    return report


def _read_judgments(path: Path, skip: bool) -> Benchmark:
    """Return a benchmark of a file of judgments, whose queries have no texts."""
    rejected: list[BadRecord] = []
    qrels = read_qrels(path, rejected.append if skip else raise_bad_record)
    queries = {query: query for query in qrels}
    return Benchmark(name_after_file(path), "", queries, qrels, rejected=tuple(rejected))


def _parse_argument(argument: str) -> tuple[str, Path]:
    """Split ``NAME=FILE``; a file by itself is named after itself."""
    name, equals, file = argument.partition("=")
    if equals and not Path(argument).exists():
        return name, Path(file)
    return name_after_file(Path(argument)), Path(argument)
