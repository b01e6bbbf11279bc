"""Compare runs from anywhere: TREC run files in, the report of an evaluation out."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.benchmarks.folder import read_qrels
from corpus_tuner.eval.benchmarks.registry import recognise
from corpus_tuner.eval.files import make_folders
from corpus_tuner.eval.measures import DEFAULT_MEASURES, Measurement, measure_queries
from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.assembly import Outline, bind, write_chapter, write_report
from corpus_tuner.eval.runs import read_run, without_self
from corpus_tuner.evaluation.named import open_benchmarks


def compare_runs(
    runs: Sequence[str | Path],
    output: str | Path,
    *,
    benchmark: str = "",
    qrels: Path | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    split: str = "",
    home: Path | None = None,
    command: str = "",
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
    command
        What makes the report again, to be shown in it.

    Raises
    ------
    CorpusTunerError, EvaluationError
        If there are fewer than two runs, two of one name, or one cannot be read.
    """
    files = dict(_named(str(run)) for run in runs)
    if len(runs) < 2 or len(files) < len(runs):
        raise CorpusTunerError("give two runs or more, of different names: NAME=FILE names one")
    if (qrels is None) == (not benchmark):
        raise CorpusTunerError("say what judges the runs: either a benchmark or a file of qrels")
    if qrels is not None:
        judged = read_qrels(qrels)
        opened = Benchmark(qrels.stem, "", {query: query for query in judged}, judged)
    else:
        (opened, *_), _ = open_benchmarks([benchmark], split, home)
    found = {name: read_run(path) for name, path in files.items()}
    if opened.remove_self:
        found = {name: without_self(run) for name, run in found.items()}
    measured = {name: measure_queries(opened.qrels, run, measures) for name, run in found.items()}
    entry = recognise(opened)
    language = entry.language if entry else ""
    results = [
        Result.of(opened, name, values, language=language) for name, values in measured.items()
    ]
    baseline, system, *_ = files
    outline = Outline(measures, system, baseline)
    chapter = write_chapter(Measurement(opened, found, measured), results, outline)
    title = f"{', '.join(files)} on {opened.name}"
    report = bind([chapter], outline, title=title, command=command)
    make_folders(Path(output))
    write_report(report, [chapter], Path(output))
    return report


def _named(argument: str) -> tuple[str, Path]:
    """Split ``NAME=FILE``; a file by itself is named after itself."""
    name, equals, file = argument.partition("=")
    if equals and not Path(argument).exists():
        return name, Path(file)
    path = Path(argument)
    return path.name.removesuffix(".gz").removesuffix(".trec").removesuffix(".txt"), path
