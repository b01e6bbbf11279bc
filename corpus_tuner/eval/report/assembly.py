"""From measurements to a report: a chapter per benchmark, and what binds them.

A chapter holds no runs, so that an evaluation of many benchmarks needs the memory of one.
"""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from corpus_tuner.core.text_output import write_text
from corpus_tuner.eval.benchmarks.registry import Reference, recognise
from corpus_tuner.eval.report import Cost, Mover, Report, Result, WeightSweep
from corpus_tuner.eval.report.latex import as_latex
from corpus_tuner.eval.report.page import write_page
from corpus_tuner.eval.report.per_query import Describe, movers
from corpus_tuner.eval.report.tables import write_per_query, write_results, write_summary
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import Measured, Measurement, parse_measure
from corpus_tuner.eval.trec.significance import Comparison, compare, significance

METRICS, PER_QUERY, SUMMARY, PAGE = "metrics.json", "per_query.csv", "summary.md", "report.html"
"""The files of a report."""

WHOLE = "report.json"
"""All of a report, for scripts."""

LATEX = "table.tex"
"""The results as a table for LaTeX."""

_MAIN_SYSTEMS = ("hybrid", "views", "mean")
_PACKAGES = (
    *("corpus-tuner", "torch", "transformers", "sentence-transformers", "faiss-cpu", "bm25s"),
    *("ctranslate2", "ir_measures", "numpy", "scipy", "pyserini"),
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """What a report says of one benchmark.

    Attributes
    ----------
    benchmark
        Its name.
    measured
        For every system what it reached, query by query.
    results
        One per system.
    comparisons
        Of the systems with the baseline.
    gains
        What the main system gained for every query, as fractions, the largest first; empty where
        main system or baseline is missing.
    movers
        The queries that gained and lost most.
    references, notes
        What others reported, and what is to be known of the benchmark.
    remarks
        What else the reader must know.
    sweep, cost
        Where they were measured.
    """

    benchmark: str
    measured: Mapping[str, Measured]
    results: Sequence[Result]
    comparisons: Sequence[Comparison]
    gains: Sequence[float]
    movers: Sequence[Mover]
    references: Sequence[Reference]
    notes: Sequence[str]
    remarks: Sequence[str]
    sweep: WeightSweep | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What the chapters of a report have in common.

    Attributes
    ----------
    measures
        Names; the first is the main one.
    system, baseline
        The system that is shown in detail, and the one that the others are compared with.
    """

    measures: Sequence[str]
    system: str
    baseline: str


def write_chapter(
    measurement: Measurement,
    results: Sequence[Result],
    outline: Outline,
    describe: Describe | None = None,
    *,
    remarks: Sequence[str] = (),
    sweep: WeightSweep | None = None,
    cost: Cost | None = None,
) -> Chapter:
    """Put together what a report says of one benchmark.

    Parameters
    ----------
    measurement
        The runs, and what they are worth.
    results
        Of every system; those that use labels are not compared.
    outline
        What is shown.
    describe
        As `corpus_tuner.eval.report.per_query.movers` takes it.
    remarks
        What else is to be said.
    sweep, cost
        As `Chapter` has them.
    """
    benchmark, _, measured = measurement
    main, system, baseline = outline.measures[0], outline.system, outline.baseline
    values = {
        result.system: measured[result.system][main] for result in results if not result.uses_labels
    }
    gains: list[float] = []
    if {system, baseline} <= values.keys() and system != baseline:
        before = values[baseline]
        gains = sorted((now - before[query] for query, now in values[system].items()), reverse=True)
    comparisons: list[Comparison] = []
    p_values: dict[str, dict[str, float]] = {}
    if baseline in values:
        comparisons = compare(benchmark.name, main, values, baseline)
        p_values = {
            name: significance({system: measured[system][name] for system in values}, baseline)
            for name in outline.measures[1:]
        }
        p_values[main] = {one.system: one.permutation_holm for one in comparisons}
    documents = max((result.documents for result in results), default=0)
    references, notes = published(benchmark, documents, outline.measures)
    return Chapter(
        benchmark=benchmark.name,
        measured=measured,
        results=[_with_p_values(result, p_values) for result in results],
        comparisons=comparisons,
        gains=gains,
        movers=movers(measurement, main, system, baseline, describe),
        references=references,
        notes=notes,
        remarks=[*remarks, *_remarks(measurement)],
        sweep=sweep,
        cost=cost,
    )


def _with_p_values(result: Result, p_values: Mapping[str, Mapping[str, float]]) -> Result:
    """Return a result with its p-values, which are given by measure and system."""
    own = {
        name: p_values[name][result.system]
        for name in result.measures
        if result.system in p_values.get(name, ())
    }
    return result.model_copy(update={"p_values": own})


def bind(
    chapters: Sequence[Chapter],
    outline: Outline,
    *,
    title: str = "",
    about: str = "",
    terms: Mapping[str, str] | None = None,
    ablation: Sequence[Result] = (),
    settings: str = "",
    command: str = "",
) -> Report:
    """Make the report of all chapters.

    Parameters
    ----------
    chapters
        One per benchmark.
    outline
        Of all of them.
    title
        By default it names the system and the baseline.
    about, terms, ablation, settings, command
        As `corpus_tuner.eval.report.Report` has them.
    """
    return Report(
        title=title or f"{outline.system} compared with {outline.baseline}",
        about=about,
        terms=dict(terms or {}),
        system=outline.system,
        baseline=outline.baseline,
        results=[result for chapter in chapters for result in chapter.results],
        comparisons=[row for chapter in chapters for row in chapter.comparisons],
        gains={chapter.benchmark: list(chapter.gains) for chapter in chapters if chapter.gains},
        movers=[mover for chapter in chapters for mover in chapter.movers],
        references={
            chapter.benchmark: list(chapter.references)
            for chapter in chapters
            if chapter.references
        },
        notes={chapter.benchmark: list(chapter.notes) for chapter in chapters if chapter.notes},
        sweeps=[chapter.sweep for chapter in chapters if chapter.sweep],
        costs=[chapter.cost for chapter in chapters if chapter.cost],
        ablation=list(ablation),
        remarks=[remark for chapter in chapters for remark in chapter.remarks],
        settings=settings,
        versions=_versions(),
        command=command,
    )


def write_report(report: Report, chapters: Sequence[Chapter], output: Path) -> None:
    """Write all files of a report but the runs."""
    write_results(report.results, output / METRICS)
    write_text(report.model_dump_json(indent=2) + "\n", output / WHOLE)
    write_per_query(
        {chapter.benchmark: chapter.measured for chapter in chapters}, output / PER_QUERY
    )
    write_summary(report, output / SUMMARY)
    write_text(as_latex(report), output / LATEX)
    write_page(report, output / PAGE)


def main_system(results: Iterable[Result], baseline: str) -> str:
    """Return the name of the system that is shown in detail."""
    names = dict.fromkeys(result.system for result in results if not result.uses_labels)
    others = [name for name in names if name != baseline]
    return next((name for name in _MAIN_SYSTEMS if name in names), (others or [baseline])[-1])


def published(
    benchmark: Benchmark, documents: int, measures: Sequence[str]
) -> tuple[list[Reference], list[str]]:
    """Return what others reported on a benchmark, by the names asked for, and its pitfalls.

    A collection of the same name but of another size has nothing to compare with. Empty and
    duplicate documents may have been left out, so sizes agree to one in a hundred.

    Parameters
    ----------
    benchmark
        As it was loaded.
    documents
        How many were indexed; 0 where that is not known.
    measures
        The names that are asked for.
    """
    entry = recognise(benchmark)
    if entry is None or (documents and abs(documents - entry.documents) > entry.documents / 100):
        return [], []
    asked = {str(parse_measure(name)): name for name in measures}
    references = []
    for reference in entry.references:
        values = {str(parse_measure(name)): value for name, value in reference.measures.items()}
        kept = {asked[name]: value for name, value in values.items() if name in asked}
        if kept:
            references.append(reference.model_copy(update={"measures": kept}))
    return references, list(entry.notes)


def _remarks(measurement: Measurement) -> list[str]:
    """Name queries for which there is nothing: tools differ in what they make of them."""
    benchmark, runs, _ = measurement
    remarks = []
    if benchmark.unjudged:
        remarks.append(
            f"{benchmark.name}: {len(benchmark.unjudged):,} queries have no judgments, and are not "
            f"used: {first_of(benchmark.unjudged)}."
        )
    for name, run in runs.items():
        missing = sum(not run.get(query) for query in benchmark.qrels)
        unjudged = len(run.keys() - benchmark.qrels.keys())
        if missing:
            remarks.append(
                f"{benchmark.name}: {name} found nothing for {missing:,} of "
                f"{len(benchmark.qrels):,} judged queries; they count 0."
            )
        if unjudged:
            remarks.append(
                f"{benchmark.name}: {unjudged:,} queries of {name} are not judged, and do "
                "not count."
            )
    if benchmark.remove_self:
        remarks.append(
            f"{benchmark.name}: each query is a document itself, which was taken out of its "
            "ranking."
        )
    return remarks


def first_of(ids: Sequence[str], most: int = 3) -> str:
    """Name the first of some ids.

    Examples
    --------
    >>> first_of(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return ", ".join(map(repr, ids[:most])) + more


def _versions() -> dict[str, str]:
    """Return the versions of what decides the figures."""
    found = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
