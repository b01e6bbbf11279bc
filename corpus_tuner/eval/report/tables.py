"""Results as tables: JSON for scripts, CSV for spreadsheets, Markdown for people."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from corpus_tuner.core.text_output import write_atomically, write_text
from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.trec.measures import Measured
from corpus_tuner.eval.trec.significance import Numbers, mean_interval


def write_results(results: Sequence[Result], path: Path) -> None:
    """Write results as a JSON list, in one step."""
    rows = [result.model_dump() for result in results]
    write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", path)


def write_per_query(measured: Mapping[str, Mapping[str, Measured]], path: Path) -> None:
    """Write what every system reached for every query, as fractions, in one step.

    Parameters
    ----------
    measured
        By benchmark and system.
    path
        Of a CSV file: ``benchmark, system, query``, and a column per measure.
    """
    with write_atomically(path) as file:
        writer = csv.writer(file)
        names: list[str] = []
        for benchmark, systems in measured.items():
            for system, values in systems.items():
                if not names:
                    names = list(values)
                    writer.writerow(["benchmark", "system", "query", *names])
                for query in values[names[0]]:
                    numbers = [f"{values[name][query]:.6f}" for name in names]
                    writer.writerow([benchmark, system, query, *numbers])


MARKS = ((0.01, "\u2021"), (0.05, "\u2020"))
"""What marks a difference from the baseline whose p-value is below a bound, the least first."""


def mark_of(p: float | None) -> str:
    """Return the mark of significance of a p-value; empty where there is none.

    Examples
    --------
    >>> mark_of(0.04), mark_of(0.2)
    ('\u2020', '')
    """
    return next((mark for bound, mark in MARKS if p is not None and p < bound), "")


def marks_explained(baseline: str) -> str:
    """Say what the marks mean.

    Examples
    --------
    >>> marks_explained("passage").partition(" (")[0]
    '\u2020 \u2021 differs from passage, p < 0.05, p < 0.01'
    """
    return (
        f"\u2020 \u2021 differs from {baseline}, p < 0.05, p < 0.01 "
        "(paired randomisation test, Holm's correction)"
    )


def overview(results: Sequence[Result]) -> list[list[str]]:
    """Lay out all measures in points of 100, with marks: a row per benchmark and system.

    Returns
    -------
    list of list of str
        The head, then the rows.
    """
    names = list(results[0].measures)
    rows = [["benchmark", "system", *names]]
    for result in results:
        points = [
            f"{100 * result.measures[name]:.1f}{mark_of(result.p_values.get(name))}"
            for name in names
        ]
        star = "*" if result.uses_labels else ""
        rows.append([result.benchmark, f"{result.system}{star}", *points])
    return rows


def difference_row(name: str, differences: Sequence[Numbers]) -> list[str]:
    """Lay out what a change makes of one measure, in points of 100.

    Parameters
    ----------
    name
        Of the change.
    differences
        Of every benchmark those of its queries, as fractions, each of shape (queries,).

    Returns
    -------
    list of str
        The name, the mean difference on every benchmark, their average, and its interval.
    """
    means = [100 * float(own.mean()) for own in differences]
    low, high = (100 * end for end in mean_interval(differences))
    average = sum(means) / len(means)
    return [
        name,
        *(f"{mean:+.1f}" for mean in means),
        f"{average:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
    ]


def matrix(results: Sequence[Result], measure: str) -> list[list[str]]:
    """Lay out one measure, in points of 100: a row per system, a column per benchmark.

    Returns
    -------
    list of list of str
        The head, then the rows; with several benchmarks the last column is their average, empty
        where a system is missing on one of them.
    """
    benchmarks = list(dict.fromkeys(result.benchmark for result in results))
    values = {
        (result.system, result.benchmark): 100 * result.measures[measure] for result in results
    }
    rows = [["system", *benchmarks, *(["average"] if len(benchmarks) > 1 else [])]]
    for system in dict.fromkeys(result.system for result in results):
        found = [values.get((system, benchmark)) for benchmark in benchmarks]
        there = [value for value in found if value is not None]
        row = [system, *("" if value is None else f"{value:.1f}" for value in found)]
        if len(benchmarks) > 1:
            whole = len(there) == len(benchmarks)
            row.append(f"{sum(there) / len(there):.2f}" if whole else "")
        rows.append(row)
    return rows


def as_markdown(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a table: the first `left` columns are text, the others numbers.

    Examples
    --------
    >>> print(as_markdown([["system", "RR"], ["bm25", "0.5"]]), end="")
    | system | RR |
    | --- | --: |
    | bm25 | 0.5 |
    """
    head, *body = rows
    marks = ["---"] * left + ["--:"] * (len(head) - left)
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (head, marks, *body)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_summary(report: Report, path: Path) -> None:
    """Write a report's tables as Markdown, in one step: results, comparisons, published figures."""
    measures = list(report.results[0].measures)
    parts = [f"# {report.title}\n", f"{as_markdown(overview(report.results), left=2)}"]
    if report.comparisons:
        parts.append(f"{marks_explained(report.baseline)}\n")
    parts += [
        f"## {measure}\n\n{as_markdown(matrix(report.results, measure))}" for measure in measures
    ]
    if report.comparisons:
        parts.append(f"## Against {report.baseline}\n\n{as_markdown(_compared(report), left=2)}")
    if report.references:
        parts.append(f"## What others report\n\n{as_markdown(_reported(report), left=3)}")
    if report.costs:
        parts.append(f"## Cost\n\n{as_markdown(_costs(report))}")
    if report.ablation:
        rows = matrix(report.ablation, measures[0])
        parts.append(f"## What each part brings: {measures[0]}\n\n{as_markdown(rows)}")
    if report.remarks:
        parts.append("".join(f"- {remark}\n" for remark in report.remarks))
    write_text("\n".join(parts), path)


def _compared(report: Report) -> list[list[str]]:
    rows = [["benchmark", "system", "difference", "95 % interval", "p (t)", "p (perm.)", "+/=/-"]]
    for comparison in report.comparisons:
        bounds = f"{100 * comparison.low:+.1f} to {100 * comparison.high:+.1f}"
        tests = [probability(p) for p in (comparison.t_test_holm, comparison.permutation_holm)]
        counts = f"{comparison.wins}/{comparison.ties}/{comparison.losses}"
        gain = f"{100 * comparison.difference:+.1f}"
        rows.append([comparison.benchmark, comparison.system, gain, bounds, *tests, counts])
    return rows


def _reported(report: Report) -> list[list[str]]:
    rows = [["benchmark", "system", "source", "figures"]]
    for benchmark, references in report.references.items():
        for reference in references:
            figures = ", ".join(f"{name} {value:.1f}" for name, value in reference.measures.items())
            rows.append([benchmark, reference.system, reference.source, figures])
    return rows


def _costs(report: Report) -> list[list[str]]:
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


def probability(p: float) -> str:
    """Return a p-value as people read it.

    Examples
    --------
    >>> probability(0.0123), probability(0.0001)
    ('0.012', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def averaged(results: Iterable[Result], measure: str) -> dict[str, float]:
    """Return every system's mean over the benchmarks, of those that are measured on all."""
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
