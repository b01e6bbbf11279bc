"""Assembling a report: one report per benchmark, merged and written to files.

Reports contain no runs, so an evaluation of many benchmarks needs the memory of one.
"""

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.files import write_text
from corpus_tuner.core.records import describe_rejected
from corpus_tuner.eval.benchmarks.registry import Reference, find_entry
from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.latex import format_latex
from corpus_tuner.eval.report.page import write_page
from corpus_tuner.eval.report.per_query import Describe, list_query_changes
from corpus_tuner.eval.report.tables import write_per_query, write_results, write_summary
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import MeasuredRun, parse_measure
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.eval.trec.significance import Comparison, compare, compute_p_values

METRICS = "metrics.json"
"""File of the results."""

_ABOUT = (
    "How well searches find the documents that people judged relevant: the higher the better, 100 "
    "is best. A system is a way to rank the documents."
)

_TERMS = {
    "bm25": "The ranker that scores by the words of a query (BM25), without a model.",
    "words": "The BM25 ranker of whole words.",
    "ngrams": "BM25 of character 4-grams: finds other word forms, and compounds.",
    "passage": "Dense search by the vector of a document's own text.",
    "mean": "One vector for a document: the mean of its passage's and its views' vectors.",
    "views": "Every view has a vector of its own: a title, a sentence, or a short text, such as a "
    "question, that was written for the document. The score is that of passage and best view.",
    "feedback": "Pseudo-relevance feedback: lifts documents like the first two hits of the others.",
    "default": "Hybrid search by weights that are the same for every corpus.",
    "hybrid": "Hybrid search as users run it: by weights that were calibrated for this corpus "
    "without any judgments, where it is calibrated.",
    "oracle": "The best share of the lexical rankers by the judgments: an upper bound, no result.",
    "oracle-all": "The best weights of all rankers by the judgments: an upper bound, no result.",
}
_MAIN_SYSTEMS = ("hybrid", "views", "mean")
_PACKAGES = (
    *("corpus-tuner", "torch", "transformers", "sentence-transformers", "faiss-cpu", "bm25s"),
    *("ctranslate2", "ir_measures", "numpy", "scipy", "pyserini"),
)


def report_benchmark(
    benchmark: Benchmark,
    runs: Mapping[str, Run],
    measured: Mapping[str, MeasuredRun],
    results: Sequence[Result],
    measures: Sequence[str],
    system: str,
    baseline: str,
    describe: Describe | None = None,
    remarks: Sequence[str] = (),
    **more: Any,
) -> Report:
    """Return the report of one benchmark.

    Systems that use labels are not compared with the baseline. `describe` returns titles and views
    of documents; `more` are further attributes of the report.
    """
    main = measures[0]
    values = {one.system: measured[one.system][main] for one in results if not one.uses_labels}
    if system != baseline and {system, baseline} <= values.keys():
        before = values[baseline]
        gains = sorted((now - before[query] for query, now in values[system].items()), reverse=True)
        more["gains"] = {benchmark.name: gains}
        more["query_changes"] = list_query_changes(
            benchmark, runs, values, system, baseline, describe
        )
    comparisons: list[Comparison] = []
    p_values: dict[str, dict[str, float]] = {}
    if baseline in values:
        comparisons = compare(benchmark.name, main, values, baseline)
        p_values[main] = {one.system: one.permutation_holm for one in comparisons}
        for name in measures[1:]:
            compared = {other: measured[other][name] for other in values}
            p_values[name] = compute_p_values(compared, baseline)
    documents = max((result.documents for result in results), default=0)
    references, notes = find_published(benchmark, documents, measures)
    return Report(
        title=f"{system} compared with {baseline}",
        system=system,
        baseline=baseline,
        results=[
            result.model_copy(
                update={
                    "p_values": {
                        name: own[result.system]
                        for name, own in p_values.items()
                        if result.system in own
                    }
                }
            )
            for result in results
        ],
        comparisons=comparisons,
        references={benchmark.name: references} if references else {},
        notes={benchmark.name: notes} if notes else {},
        remarks=[*remarks, *_list_remarks(benchmark, runs)],
        versions=_list_versions(),
        per_query={benchmark.name: dict(measured)},
        **more,
    )


def merge_reports(
    reports: Sequence[Report], baseline: str, settings: Recipe, command: str
) -> Report:
    """Return the report of several benchmarks."""
    merged: dict[str, Any] = {"versions": reports[0].versions}
    for name in ("results", "comparisons", "query_changes", "sweeps", "costs", "remarks"):
        merged[name] = [row for report in reports for row in getattr(report, name)]
    for name in ("gains", "references", "notes", "per_query"):
        merged[name] = {key: own for one in reports for key, own in getattr(one, name).items()}
    results: list[Result] = merged["results"]
    system = choose_main_system(results, baseline)
    names = {name for result in results for name in (result.system, *result.weights)}
    return Report(
        title=f"{system} compared with {baseline}",
        about=_ABOUT,
        terms={name: meaning for name, meaning in _TERMS.items() if name in names},
        system=system,
        baseline=baseline,
        settings=yaml.safe_dump(
            settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True
        ),
        command=command,
        **merged,
    )


def write_report(report: Report, output: Path) -> None:
    """Write all files of a report but the runs."""
    write_results(report.results, output / METRICS)
    write_text(output / "report.json", report.model_dump_json(indent=2) + "\n")
    write_per_query(report.per_query, output / "per_query.csv")
    write_summary(report, output / "summary.md")
    write_text(output / "table.tex", format_latex(report))
    write_page(report, output / "report.html")


def choose_main_system(results: Iterable[Result], baseline: str) -> str:
    """Return the name of the system that is shown in detail."""
    names = dict.fromkeys(result.system for result in results if not result.uses_labels)
    others = [name for name in names if name != baseline]
    return next((name for name in _MAIN_SYSTEMS if name in names), (others or [baseline])[-1])


def find_published(
    benchmark: Benchmark, documents: int, measures: Sequence[str]
) -> tuple[list[Reference], list[str]]:
    """Return published figures of a benchmark, and its pitfalls.

    A collection of the same name and another size has none. Empty and duplicate documents may have
    been left out, so sizes agree to one in a hundred.
    """
    entry = find_entry(benchmark)
    if entry is None or (documents and abs(documents - entry.documents) > entry.documents / 100):
        return [], []
    names = {str(parse_measure(name)): name for name in measures}
    references = []
    for reference in entry.references:
        values = {str(parse_measure(name)): value for name, value in reference.measures.items()}
        shown = {names[name]: value for name, value in values.items() if name in names}
        if shown:
            references.append(reference.model_copy(update={"measures": shown}))
    return references, list(entry.notes)


def format_ids(ids: Sequence[str], most: int = 3) -> str:
    """Return the first of some ids as text.

    Examples
    --------
    >>> format_ids(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return ", ".join(map(repr, ids[:most])) + more


def _list_remarks(benchmark: Benchmark, runs: Mapping[str, Run]) -> list[str]:
    """Return remarks on bad records, and on queries without judgments or results."""
    remarks = [
        f"left out of queries and judgments: {reason}."
        for reason in describe_rejected(benchmark.rejected)
    ]
    if benchmark.unjudged:
        count = format_count(len(benchmark.unjudged), "query", "queries")
        ids = format_ids(benchmark.unjudged)
        remarks.append(f"{count} without judgments, not used: {ids}.")
    for name, run in runs.items():
        missing = sum(not run.get(query) for query in benchmark.qrels)
        unjudged = len(run.keys() - benchmark.qrels.keys())
        if missing:
            remarks.append(
                f"{name} found nothing for {missing:,} of {len(benchmark.qrels):,} judged queries; "
                "they count 0."
            )
        if unjudged:
            count = format_count(unjudged, "query", "queries")
            remarks.append(f"{count} of {name} without judgments, not counted.")
    if benchmark.remove_self:
        remarks.append("each query is a document itself, which was taken out of its ranking.")
    return [f"{benchmark.name}: {remark}" for remark in remarks]


def _list_versions() -> dict[str, str]:
    """Return the versions of the packages that decide the figures."""
    versions = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
