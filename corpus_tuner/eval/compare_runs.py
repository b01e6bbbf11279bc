"""Measure runs from anywhere: TREC run files in, the report of an evaluation out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.core.records import BadRecord
from corpus_tuner.core.text_output import make_folders
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.benchmarks.registry import recognise
from corpus_tuner.eval.open_benchmark import file_name, open_benchmarks, rejected_remarks
from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.assembly import Outline, bind, first_of, write_chapter, write_report
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import (
    DEFAULT_MEASURES,
    Measurement,
    measure_queries,
    parse_measure,
)
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.runs import Run, read_run, without_self


def measure_runs(
    runs: Sequence[str | Path],
    output: str | Path,
    *,
    benchmark: str = "",
    qrels: Path | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    split: str = "",
    home: Path | None = None,
    settings: Recipe | None = None,
    command: str = "",
) -> Report:
    r"""Measure TREC run files, and compare them with the first.

    Parameters
    ----------
    runs
        Files, or ``NAME=FILE``; ``-`` is standard input.
    output
        Where the report goes.
    benchmark, split, home
        What they were made for, as `corpus_tuner.evaluate` takes it.
    qrels
        Instead, a file of judgments, as TREC or BEIR have them.
    measures
        As `corpus_tuner.evaluate` takes them.
    settings
        A recipe: where its ``corpus.on_bad_record`` is ``skip``, bad records of queries and
        judgments are left out.
    command
        What makes the report again, to be shown in it.

    Raises
    ------
    CorpusTunerError, EvaluationError
        If there is no run, two have one name, one cannot be read, or has no judged query.

    Examples
    --------
    >>> run, qrels = example_benchmark / "mine.trec", example_benchmark / "mine.qrels"
    >>> _ = run.write_text("q1 Q0 bread 1 2.0 x\nq1 Q0 mill 2 1.0 x\n")
    >>> _ = qrels.write_text("q1 0 mill 1\n")
    >>> report = measure_runs([run], example_results, qrels=qrels, measures=["recip_rank"])
    >>> report.results[0].measures
    {'recip_rank': 0.5}
    """
    files = dict(_named(str(run)) for run in runs)
    if not runs or len(files) < len(runs):
        raise CorpusTunerError("give one run or more, of different names: NAME=FILE names one")
    if (qrels is None) == (not benchmark):
        raise CorpusTunerError("say what judges the runs: either a benchmark or a file of qrels")
    for name in measures:
        parse_measure(name)
    if qrels is not None:
        bad: list[BadRecord] = []
        skip = settings is not None and settings.corpus.on_bad_record == "skip"
        judged = read_qrels(qrels, bad.append if skip else None)
        opened = Benchmark(file_name(qrels), "", {query: query for query in judged}, judged)
    else:
        (opened, *_), rejected = open_benchmarks([benchmark], split, home, settings)
        bad = rejected[opened.name]
    found = {
        name: read_run(path)
        for name, path in track(files.items(), "reading", lambda: len(files), unit="runs")
    }
    _check_queries(opened, found)
    if opened.remove_self:
        found = {name: without_self(run) for name, run in found.items()}
    with show_activity("measuring"):
        measured = {
            name: measure_queries(opened.qrels, run, measures) for name, run in found.items()
        }
        entry = recognise(opened)
        language = entry.language if entry else ""
        results = [
            Result.of(opened, name, values, language=language) for name, values in measured.items()
        ]
        baseline, system, *_ = [*files, *files]
        outline = Outline(measures, system, baseline)
        remarks = rejected_remarks(opened.name, bad)
        chapter = write_chapter(
            Measurement(opened, found, measured), results, outline, remarks=remarks
        )
    title = f"{', '.join(files)} on {opened.name}"
    report = bind([chapter], outline, title=title, command=command)
    make_folders(Path(output))
    write_report(report, [chapter], Path(output))
    return report


def _check_queries(benchmark: Benchmark, runs: Mapping[str, Run]) -> None:
    """See that every run has a judged query.

    Raises
    ------
    EvaluationError
        If one has none: its ids are of another kind.
    """
    for name, run in runs.items():
        if benchmark.qrels.keys().isdisjoint(run):
            raise EvaluationError(
                f"no query of the run {name} is judged: it has {first_of(list(run)) or 'none'}, "
                f"and judged are {first_of(list(benchmark.qrels))}"
            )


def _named(argument: str) -> tuple[str, Path]:
    """Split ``NAME=FILE``; a file by itself is named after itself."""
    name, equals, file = argument.partition("=")
    if equals and not Path(argument).exists():
        return name, Path(file)
    return file_name(Path(argument)), Path(argument)
