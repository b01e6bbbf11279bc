"""What people see of measured systems: results, what others report, and comparisons."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from corpus_tuner.cli.output import plain, stderr, stdout, table

if TYPE_CHECKING:
    from corpus_tuner.eval.benchmarks.registry import Reference
    from corpus_tuner.eval.report import Report, Result


def show_results(
    results: Iterable["Result"],
    references: Mapping[str, Sequence["Reference"]] | None = None,
    baseline: str = "passage",
) -> None:
    """Print measured results, in points of 100, what every system gains, and what others report."""
    from corpus_tuner.eval.report.tables import explain_marks, mark_p_value

    results = list(results)
    measures = list(results[0].measures)
    rows = table("benchmark", "system", *measures, right=measures)
    baselines = {
        result.benchmark: result.measures for result in results if result.system == baseline
    }
    benchmark, row = "", 0
    for number, result in enumerate(results, start=1):
        known: Mapping[str, float] = {}
        if result.system != baseline:
            known = baselines.get(result.benchmark, {})
        cells = [
            _points(value, known.get(name), mark_p_value(result.p_values.get(name)))
            for name, value in result.measures.items()
        ]
        row = row + 1 if result.benchmark == benchmark else 0
        benchmark = result.benchmark
        last = number == len(results) or results[number].benchmark != benchmark
        reported = (references or {}).get(benchmark, ()) if last else ()
        rows.add_row(
            (plain(benchmark), Text(_size(result), "dim"), "")[min(row, 2)],
            Text(f"{result.system}*", "dim") if result.uses_labels else result.system,
            *cells,
            end_section=last and not reported,
        )
        for reference in reported:
            points = [
                f"{reference.measures[name]:.1f}       " if name in reference.measures else ""
                for name in measures
            ]
            rows.add_row(
                "",
                Text(f"{reference.system}°", "dim italic"),
                *(Text(cell, "dim") for cell in points),
                end_section=reference is reported[-1],
            )
    stdout.print(rows)
    if any(result.system != baseline for result in results) and baselines:
        stdout.print(f"+ and - are what a system gains on {baseline}", style="dim", soft_wrap=True)
    if any(mark_p_value(p) for result in results for p in result.p_values.values()):
        stdout.print(explain_marks(baseline), style="dim", soft_wrap=True)
    if any(result.uses_labels for result in results):
        stdout.print(
            "* chosen with the judgments: what could be reached, not a result", style="dim"
        )
    if references:
        stdout.print("° published by others; the report says where", style="dim")


def one_format(json: bool, latex: bool) -> None:
    """Refuse two formats at once."""
    if json and latex:
        raise typer.BadParameter("--json and --latex do not go together")


def show_latex(report: "Report") -> None:
    """Print the results as a table for LaTeX, and on standard error what is to be known of them."""
    from corpus_tuner.eval.report.latex import format_latex

    typer.echo(format_latex(report), nl=False)
    show_remarks(report, stderr)


def show_remarks(report: "Report", console: Console = stdout) -> None:
    """Print what is to be known of the results."""
    for remark in report.remarks:
        console.print(Text.assemble(("note: ", "yellow"), plain(remark)), soft_wrap=True)


def show_comparisons(report: "Report") -> None:
    """Print whether the main system differs significantly from the baseline, and remarks."""
    comparisons = [found for found in report.comparisons if found.system == report.system]
    if comparisons:
        columns = ("gain", "95 % interval", "p", "better", "alike", "worse")
        rows = table("benchmark", *columns, right=columns)
        for found in comparisons:
            p = found.permutation_holm
            rows.add_row(
                plain(found.benchmark),
                f"{100 * found.difference:+.1f}",
                f"{100 * found.low:+.1f} to {100 * found.high:+.1f}",
                "< 0.001" if p < 0.001 else f"{p:.3f}",
                *(f"{count:,}" for count in (found.wins, found.ties, found.losses)),
            )
        stdout.print()
        compared = f"{report.system} compared with {report.baseline}"
        stdout.print(plain(compared), style="bold", soft_wrap=True)
        stdout.print(rows)
        measure = comparisons[0].measure
        stdout.print(f"{measure}; p by permutation, corrected for all systems", style="dim")
    show_remarks(report)


def _size(result: "Result") -> str:
    """Return the language of a benchmark, and how many documents it has, as far as is known."""
    documents = f"{result.documents:,} docs" if result.documents else ""
    return ", ".join(filter(None, (result.language, documents)))


def _points(value: float, baseline: float | None, mark: str) -> Text:
    if baseline is None:
        return Text(f"{100 * value:.1f}       ")
    gain = 100 * (value - baseline)  # rounded once, as the report does
    style = "green" if gain > 0.05 else "red" if gain < -0.05 else "dim"
    return Text.assemble(f"{100 * value:.1f} ", (f"{gain:+5.1f}", style), mark or " ")
