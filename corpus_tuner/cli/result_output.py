"""Output of evaluations: measures of systems, published references, and comparisons."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from corpus_tuner.cli import output as out

if TYPE_CHECKING:
    from corpus_tuner.eval.benchmarks.registry import Reference
    from corpus_tuner.eval.report import Report, Result


def show_results(
    results: Iterable["Result"],
    references: Mapping[str, Sequence["Reference"]] | None = None,
    baseline: str = "passage",
) -> None:
    """Print measures in points of 100, gains over the baseline, and published references."""
    from corpus_tuner.eval.report.tables import explain_marks, mark_p_value

    results = list(results)
    measures = list(results[0].measures)
    rows = out.make_table("benchmark", "system", *measures, right=measures)
    baselines = {
        result.benchmark: result.measures for result in results if result.system == baseline
    }
    benchmark, row = "", 0
    for number, result in enumerate(results, start=1):
        known: Mapping[str, float] = {}
        if result.system != baseline:
            known = baselines.get(result.benchmark, {})
        cells = [
            _format_points(value, known.get(name), mark_p_value(result.p_values.get(name)))
            for name, value in result.measures.items()
        ]
        row = row + 1 if result.benchmark == benchmark else 0
        benchmark = result.benchmark
        last = number == len(results) or results[number].benchmark != benchmark
        reported = (references or {}).get(benchmark, ()) if last else ()
        rows.add_row(
            (out.sanitize(benchmark), Text(_describe_benchmark(result), "dim"), "")[min(row, 2)],
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
    out.stdout.print(rows)
    if any(result.system != baseline for result in results) and baselines:
        out.print_line(f"+ and - are gains and losses compared with {baseline}", style="dim")
    if any(mark_p_value(p) for result in results for p in result.p_values.values()):
        out.print_line(explain_marks(baseline), style="dim")
    if any(result.uses_labels for result in results):
        out.print_line("* oracle: chosen with the judgments, not a result", style="dim")
    if references:
        out.print_line("° published by others; the report says where", style="dim")


def show_remarks(report: "Report", console: Console = out.stdout) -> None:
    """Print remarks on the results."""
    for remark in report.remarks:
        out.print_label("note", out.sanitize(remark), "yellow", console)


def show_comparisons(report: "Report") -> None:
    """Print the comparison of the main system with the baseline, and remarks."""
    from corpus_tuner.eval.report.tables import format_p_value

    comparisons = [found for found in report.comparisons if found.system == report.system]
    if comparisons:
        columns = ("gain", "95 % interval", "p", "better", "ties", "worse")
        rows = out.make_table("benchmark", *columns, right=columns)
        for found in comparisons:
            rows.add_row(
                out.sanitize(found.benchmark),
                f"{100 * found.difference:+.1f}",
                f"{100 * found.low:+.1f} to {100 * found.high:+.1f}",
                format_p_value(found.permutation_holm),
                *(f"{count:,}" for count in (found.wins, found.ties, found.losses)),
            )
        out.print_line("")
        out.print_line(
            out.sanitize(f"{report.system} compared with {report.baseline}"), style="bold"
        )
        out.stdout.print(rows)
        measure = comparisons[0].measure
        out.print_line(f"{measure}; p by permutation, corrected for all systems", style="dim")
    show_remarks(report)


def _describe_benchmark(result: "Result") -> str:
    """Return the language of a benchmark and its number of documents, where known."""
    documents = f"{result.documents:,} docs" if result.documents else ""
    return ", ".join(filter(None, (result.language, documents)))


def _format_points(value: float, baseline: float | None, mark: str) -> Text:
    if baseline is None:
        return Text(f"{100 * value:.1f}       ")
    gain = 100 * (value - baseline)  # rounded once, as the report does
    style = "green" if gain > 0.05 else "red" if gain < -0.05 else "dim"
    return Text.assemble(f"{100 * value:.1f} ", (f"{gain:+5.1f}", style), mark or " ")
