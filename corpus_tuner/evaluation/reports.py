"""Put together what an evaluation, or a comparison of runs, has to tell, and write it."""

import platform
import shlex
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from corpus_tuner.evaluation.measuring import ORACLES, Measuring
from corpus_tuner.evaluation.movers import movers
from corpus_tuner.settings import Settings
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.benchmarks.registry import Reference, recognise
from corpus_tuner.eval.comparison import compare
from corpus_tuner.eval.measures import Measurement, parse_measure
from corpus_tuner.eval.report import Cost, Mover, Report, Result, read_results
from corpus_tuner.eval.report.page import write_page
from corpus_tuner.eval.report.tables import write_per_query, write_results, write_summary, write_text
from corpus_tuner.indexes.encoders import Encoder

METRICS, PER_QUERY, SUMMARY, PAGE = "metrics.json", "per_query.csv", "summary.md", "report.html"
"""The files of a report."""

WHOLE = "report.json"
"""All of a report, for scripts."""

ABLATION = "ablation.json"
"""What `corpus_tuner.evaluation.ablation` writes beside them."""

_MAIN_SYSTEMS = ("calibrated", "hybrid", "views", "mean")
_PACKAGES = (
    *("corpus-tuner", "torch", "transformers", "sentence-transformers", "faiss-cpu", "bm25s"),
    *("ctranslate2", "ir_measures", "numpy", "scipy", "pyserini"),
)


def report_on(
    done: Sequence[Measuring],
    costs: Sequence[Cost],
    encoder: Encoder,
    settings: Settings,
    output: Path,
    measures: Sequence[str],
    baseline: str,
) -> Report:
    """Return the report of an evaluation.

    Parameters
    ----------
    done, costs
        What was measured, and what the indexes took.
    encoder, settings
        These were made with.
    output
        The folder of the evaluation; an ablation that lies there is told of, too.
    measures
        Names; the first is the main one.
    baseline
        The system that others are compared with.
    """
    results = [result for each in done for result in each.results]
    system = _main_system(results, baseline)
    told: list[Mover] = []
    for each in done:
        how = each.systems.get(system)
        told += movers(each.measurement(), measures[0], system, baseline, each.index, encoder, how)
    sizes = {each.benchmark.name: each.built.documents for each in done}
    return Report(
        title=f"{system} beside {baseline}",
        system=system,
        baseline=baseline,
        results=results,
        movers=told,
        sweeps=[sweep for each in done for sweep in each.sweeps],
        costs=list(costs),
        ablation=_ablation(output / ABLATION, sizes),
        settings=yaml.safe_dump(
            settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True
        ),
        **_common([each.measurement() for each in done], sizes, measures, system, baseline),
    )


def report_on_runs(
    measurement: Measurement, measures: Sequence[str], baseline: str, language: str = ""
) -> Report:
    """Return the report of runs alone; the first that is not the baseline is the main system."""
    results = [
        Result.of(measurement.benchmark, name, measured, language=language)
        for name, measured in measurement.measured.items()
    ]
    system = next(each.system for each in results if each.system != baseline)
    sizes = {measurement.benchmark.name: 0}
    return Report(
        title=f"{', '.join(measurement.runs)} on {measurement.benchmark.name}",
        system=system,
        baseline=baseline,
        results=results,
        movers=movers(measurement, measures[0], system, baseline),
        **_common([measurement], sizes, measures, system, baseline),
    )


def write_report(report: Report, measurements: Sequence[Measurement], output: Path) -> None:
    """Write all files of a report but the runs."""
    write_results(report.results, output / METRICS)
    write_text(report.model_dump_json(indent=2) + "\n", output / WHOLE)
    write_per_query(measurements, output / PER_QUERY)
    write_summary(report, output / SUMMARY)
    write_page(report, output / PAGE)


def _common(
    measurements: Sequence[Measurement],
    sizes: dict[str, int],
    measures: Sequence[str],
    system: str,
    baseline: str,
) -> dict[str, Any]:
    """Return what every report tells."""
    main = measures[0]
    compared = []
    gains = {}
    references = {}
    notes = {}
    for benchmark, _, measured in measurements:
        values = {name: each[main] for name, each in measured.items() if name not in ORACLES}
        if baseline in values:
            compared += compare(benchmark.name, main, values, baseline)
        if {system, baseline} <= values.keys() and system != baseline:
            before = values[baseline]
            each = (value - before[query] for query, value in values[system].items())
            gains[benchmark.name] = sorted(each, reverse=True)
        figures, told = _published(benchmark, sizes[benchmark.name], measures)
        if figures:
            references[benchmark.name] = figures
        if told:
            notes[benchmark.name] = told
    return {
        "comparisons": compared,
        "gains": gains,
        "references": references,
        "notes": notes,
        "remarks": _remarks(measurements),
        "versions": _versions(),
        "command": shlex.join(["corpus-tuner", *sys.argv[1:]]),
    }


def _main_system(results: Sequence[Result], baseline: str) -> str:
    """Return the name of the system that is told of in detail."""
    there = dict.fromkeys(result.system for result in results)
    others = [name for name in there if name != baseline and name not in ORACLES]
    return next((name for name in _MAIN_SYSTEMS if name in there), (others or [baseline])[-1])


def _remarks(measurements: Iterable[Measurement]) -> list[str]:
    """Tell of queries for which there is nothing: tools differ in what they make of them."""
    told = []
    for benchmark, runs, _ in measurements:
        for name, run in runs.items():
            missing = sum(not run.get(query) for query in benchmark.qrels)
            unjudged = len(run.keys() - benchmark.qrels.keys())
            if missing:
                told.append(
                    f"{benchmark.name}: {name} found nothing for {missing:,} of "
                    f"{len(benchmark.qrels):,} judged queries; they count 0."
                )
            if unjudged:
                told.append(
                    f"{benchmark.name}: {unjudged:,} queries of {name} are not judged, and do "
                    "not count."
                )
        if benchmark.remove_self:
            told.append(
                f"{benchmark.name}: each query is a document itself, which was taken out of its "
                "ranking."
            )
    return told


def _published(
    benchmark: Benchmark, documents: int, measures: Sequence[str]
) -> tuple[list[Reference], list[str]]:
    """Return what others reported on a benchmark, by the names asked for, and its pitfalls.

    A collection of the same name but of another size has nothing to compare with. Empty and
    duplicate documents may have been left out, so sizes agree to one in a hundred.
    """
    entry = recognise(benchmark)
    if entry is None or (documents and abs(documents - entry.documents) > entry.documents / 100):
        return [], []
    asked = {str(parse_measure(name)): name for name in measures}
    told = []
    for each in entry.references:
        values = {str(parse_measure(name)): value for name, value in each.measures.items()}
        kept = {asked[name]: value for name, value in values.items() if name in asked}
        if kept:
            told.append(each.model_copy(update={"measures": kept}))
    return told, list(entry.notes)


def _ablation(path: Path, benchmarks: Iterable[str]) -> list[Result]:
    if not path.is_file():
        return []
    return [each for each in read_results(path) if each.benchmark in set(benchmarks)]


def _versions() -> dict[str, str]:
    """Return the versions of what decides the figures."""
    found = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
