"""Results as tables: JSON, CSV and Markdown."""

import codecs
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from corpus_tuner.core.files import write_atomically, write_text
from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.trec.measures import MeasuredRun

_MARKS = ((0.01, "\u2021"), (0.05, "\u2020"))
"""Marks of p-values below a bound, the lowest bound first."""


def write_results(results: Sequence[Result], path: Path) -> None:
    """Write results as a JSON list, atomically."""
    rows = [result.model_dump() for result in results]
    write_text(path, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def write_per_query(measured: Mapping[str, Mapping[str, MeasuredRun]], path: Path) -> None:
    """Write the measures of every query as CSV, atomically."""
    runs = [
        (name, system, run) for name, systems in measured.items() for system, run in systems.items()
    ]
    with write_atomically(path) as file:
        writer = csv.writer(codecs.getwriter("utf-8")(file))
        if runs:
            writer.writerow(["benchmark", "system", "query", *runs[0][2]])
        for benchmark, system, run in runs:
            columns = list(run.values())
            for query in columns[0]:
                values = [f"{column[query]:.6f}" for column in columns]
                writer.writerow([benchmark, system, query, *values])


def mark_p_value(p: float | None) -> str:
    """Return the mark of a significant p-value; empty for others.

    Examples
    --------
    >>> mark_p_value(0.04), mark_p_value(0.2)
    ('\u2020', '')
    """
    return next((mark for bound, mark in _MARKS if p is not None and p < bound), "")


def explain_marks(baseline: str) -> str:
    """Return the legend of the marks.

    Examples
    --------
    >>> explain_marks("passage").partition(" (")[0]
    '\u2020 \u2021 differs from passage, p < 0.05, p < 0.01'
    """
    return (
        f"\u2020 \u2021 differs from {baseline}, p < 0.05, p < 0.01 "
        "(paired randomisation test, Holm's correction)"
    )


def format_p_value(p: float) -> str:
    """Return a p-value with three digits.

    Examples
    --------
    >>> format_p_value(0.0123), format_p_value(0.0001)
    ('0.012', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def tabulate_results(results: Sequence[Result]) -> list[list[str]]:
    """Return a table of all measures in points of 100, with a row per benchmark and system."""
    names = list(results[0].measures)
    rows = [["benchmark", "system", *names]]
    for result in results:
        points = [
            f"{100 * result.measures[name]:.1f}{mark_p_value(result.p_values.get(name))}"
            for name in names
        ]
        star = "*" if result.uses_labels else ""
        rows.append([result.benchmark, f"{result.system}{star}", *points])
    return rows


def tabulate_measure(results: Sequence[Result], measure: str) -> list[list[str]]:
    """Return a table of one measure in points of 100: systems by benchmarks.

    With several benchmarks, the last column is the average; it is empty where a system is missing
    on one of them.
    """
    benchmarks = list(dict.fromkeys(result.benchmark for result in results))
    values = {
        (result.system, result.benchmark): 100 * result.measures[measure] for result in results
    }
    averages = average_benchmarks(results, measure)
    rows = [["system", *benchmarks, *(["average"] if len(benchmarks) > 1 else [])]]
    for system in dict.fromkeys(result.system for result in results):
        cells = [values.get((system, benchmark)) for benchmark in benchmarks]
        row = [system, *("" if value is None else f"{value:.1f}" for value in cells)]
        if len(benchmarks) > 1:
            row.append(f"{100 * averages[system]:.2f}" if system in averages else "")
        rows.append(row)
    return rows


def average_benchmarks(results: Iterable[Result], measure: str) -> dict[str, float]:
    """Return the mean of a measure over the benchmarks, of systems measured on all of them."""
    by_system: dict[str, list[float]] = {}
    benchmarks = set()
    for result in results:
        by_system.setdefault(result.system, []).append(result.measures[measure])
        benchmarks.add(result.benchmark)
    return {
        system: sum(values) / len(values)
        for system, values in by_system.items()
        if len(values) == len(benchmarks)
    }


def format_markdown(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return rows as a Markdown table whose first `left` columns are text, the others numbers.

    Examples
    --------
    >>> print(format_markdown([["system", "RR"], ["bm25", "0.5"]]), end="")
    | system | RR |
    | --- | --: |
    | bm25 | 0.5 |
    """
    head, *body = rows
    marks = ["---"] * left + ["--:"] * (len(head) - left)
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (head, marks, *body)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_summary(report: Report, path: Path) -> None:
    """Write the tables of a report as Markdown, atomically."""
    measures = list(report.results[0].measures)
    parts = [f"# {report.title}\n", format_markdown(tabulate_results(report.results), left=2)]
    if report.comparisons:
        parts.append(f"{explain_marks(report.baseline)}\n")
    for measure in measures:
        table = format_markdown(tabulate_measure(report.results, measure))
        parts.append(f"## {measure}\n\n{table}")
    if report.comparisons:
        table = format_markdown(_tabulate_comparisons(report), left=2)
        parts.append(f"## Against {report.baseline}\n\n{table}")
    if report.references:
        table = format_markdown(_tabulate_references(report), left=3)
        parts.append(f"## Published figures\n\n{table}")
    if report.costs:
        parts.append(f"## Cost\n\n{format_markdown(tabulate_costs(report))}")
    if report.remarks:
        parts.append("".join(f"- {remark}\n" for remark in report.remarks))
    write_text(path, "\n".join(parts))


def _tabulate_comparisons(report: Report) -> list[list[str]]:
    rows = [["benchmark", "system", "difference", "95 % interval", "p (t)", "p (perm.)", "+/=/-"]]
    rows += [
        [
            one.benchmark,
            one.system,
            f"{100 * one.difference:+.1f}",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
            format_p_value(one.t_test_holm),
            format_p_value(one.permutation_holm),
            f"{one.wins}/{one.ties}/{one.losses}",
        ]
        for one in report.comparisons
    ]
    return rows


def _tabulate_references(report: Report) -> list[list[str]]:
    rows = [["benchmark", "system", "source", "figures"]]
    for benchmark, references in report.references.items():
        for one in references:
            figures = ", ".join(f"{name} {value:.1f}" for name, value in one.measures.items())
            rows.append([benchmark, one.system, one.source, figures])
    return rows


def tabulate_costs(report: Report) -> list[list[str]]:
    """Return size and build time of every index."""
    rows = [["benchmark", "documents", "views", "index, MiB", "build, s", "peak memory, MiB"]]
    for cost in report.costs:
        rows.append(
            [
                cost.benchmark,
                f"{cost.documents:,}",
                f"{cost.views:,}",
                f"{cost.bytes / 2**20:,.1f}",
                "" if cost.seconds is None else f"{cost.seconds:,.0f}",
                "" if cost.peak_bytes is None else f"{cost.peak_bytes / 2**20:,.0f}",
            ]
        )
    return rows
