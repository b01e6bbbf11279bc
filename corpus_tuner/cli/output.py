"""What people see: tables, notes, errors."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from corpus_tuner.calibration import Calibration
    from corpus_tuner.pipeline import BuildReport
    from corpus_tuner.tuning.report import TuningReport
    from corpus_tuner.eval.benchmarks.registry import Reference, Registry
    from corpus_tuner.eval.report import Report, Result

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def fail(message: str, code: int) -> NoReturn:
    """Say what went wrong, without markup or terminal codes in it, and leave."""
    lines = (_CONTROL.sub(" ", line) for line in message.splitlines())
    stderr.print(Text.assemble(("error: ", "bold red"), "\n".join(lines)), soft_wrap=True)
    sys.exit(code)


def plain(text: str, most: int = 0) -> Text:
    """Return text from a corpus as one line that is safe to print, cut to `most` characters."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return Text(f"{line[: most - 1]}…" if most and len(line) > most else line)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table; the columns in `right` hold numbers."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    return made


def show_results(
    results: Iterable["Result"],
    references: Mapping[str, Sequence["Reference"]] | None = None,
    baseline: str = "passage",
) -> None:
    """Print measured results, in points of 100, what each system gains, and what others report."""
    results = list(results)
    measures = list(results[0].measures)
    made = table("benchmark", "lang", "docs", "system", *measures, right=("docs", *measures))
    baselines = {each.benchmark: each.measures for each in results if each.system == baseline}
    named = ""
    for place, result in enumerate(results, start=1):
        known: Mapping[str, float] = {}
        if result.system != baseline:
            known = baselines.get(result.benchmark, {})
        cells = [_points(value, known.get(name)) for name, value in result.measures.items()]
        first = result.benchmark != named
        named = result.benchmark
        last = place == len(results) or results[place].benchmark != named
        reported = (references or {}).get(named, ()) if last else ()
        made.add_row(
            plain(named) if first else "",
            result.language if first else "",
            f"{result.documents:,}" if first and result.documents else "",
            Text(f"{result.system}*", "dim") if result.uses_labels else result.system,
            *cells,
            end_section=last and not reported,
        )
        for number, each in enumerate(reported, start=1):
            told = [
                f"{each.measures[name]:.1f}      " if name in each.measures else ""
                for name in measures
            ]
            made.add_row(
                "",
                "",
                "",
                Text(f"{each.system}°", "dim italic"),
                *(Text(cell, "dim") for cell in told),
                end_section=number == len(reported),
            )
    stdout.print(made)
    if any(result.uses_labels for result in results):
        stdout.print(
            "* chosen with the judgments: what could be reached, not a result", style="dim"
        )
    if references:
        stdout.print("° published by others; the report says where", style="dim")


def show_comparisons(report: "Report") -> None:
    """Print whether the main system differs from the baseline by more than luck, and remarks."""
    told = [each for each in report.comparisons if each.system == report.system]
    if told:
        columns = ("gain", "95 % interval", "p", "better", "alike", "worse")
        title = f"{report.system} against {report.baseline}"
        made = table(title, *columns, right=columns)
        for each in told:
            p = each.permutation_holm
            made.add_row(
                plain(each.benchmark),
                f"{100 * each.difference:+.1f}",
                f"{100 * each.low:+.1f} to {100 * each.high:+.1f}",
                "< 0.001" if p < 0.001 else f"{p:.3f}",
                *(f"{count:,}" for count in (each.wins, each.ties, each.losses)),
            )
        stdout.print()
        stdout.print(made)
        stdout.print(f"{told[0].measure}; p by permutation, corrected for all systems", style="dim")
    for remark in report.remarks:
        stdout.print(Text.assemble(("note: ", "yellow"), plain(remark)), soft_wrap=True)


def show_benchmarks(registry: "Registry", home: "Path") -> None:
    """Print the benchmarks that are known by name, and the suites of them."""
    made = table(
        "benchmark", "lang", "docs", "queries", "measure", "what", "from", right=("docs", "queries")
    )
    for name, entry in registry.benchmarks.items():
        source = "here" if (home / name).is_dir() else ""
        for each in entry.sources if not source else ():
            kind = type(each).__name__
            source = {"Archive": "beir", "Catalogued": "ir_datasets", "Hub": "hub"}[kind]
            break
        made.add_row(
            name,
            entry.language,
            f"{entry.documents:,}",
            f"{entry.queries:,}",
            entry.measure,
            entry.about,
            source,
        )
    stdout.print(made)
    stdout.print()
    suites = table("suite", "benchmarks")
    for name, members in registry.suites.items():
        suites.add_row(name, ", ".join(members))
    stdout.print(suites)
    stdout.print(f"those that are not here go to {home} when fetched", soft_wrap=True, style="dim")


def show_matrix(rows: Sequence[Sequence[str]]) -> None:
    """Print a table of one measure: systems by benchmarks."""
    head, *body = rows
    made = table(*head, right=head[1:])
    for row in body:
        made.add_row(*map(plain, row))
    stdout.print(made)


def show_calibration(chosen: "Calibration") -> None:
    """Print the weights that were chosen, and what speaks for them."""
    if chosen.unchanged:
        stdout.print(plain(f"the weights stay what they were: {chosen.unchanged}"))
        return
    told = table("weight", "chosen", "usual", "likeliest", right=("chosen", "usual", "likeliest"))
    for name, usual in chosen.usual.items():
        weights = (getattr(chosen, name), usual, chosen.likeliest[name])
        told.add_row(name, *(f"{weight:.2f}" for weight in weights))
    stdout.print(told)
    stdout.print()
    reaches = f"nDCG@10 of {chosen.queries} pseudo-queries"
    made = table("ranking", reaches, right=(reaches,))
    for name, reached in chosen.found.items():
        made.add_row(name, f"{100 * reached:.1f}")
    stdout.print(made)


def show_tuning(report: "TuningReport") -> None:
    """Print what a tuned generator learnt."""
    columns = ("training pairs", "held out", "loss", "ROUGE-L")
    made = table("instruction", *columns, right=columns)
    for name, count in report.pairs.items():
        measured = (report.test_loss.get(name), report.test_rouge_l.get(name))
        numbers = ["" if each is None else f"{each:.3f}" for each in measured]
        made.add_row(name, f"{count:,}", f"{report.held_out.get(name, 0):,}", *numbers)
    stdout.print(made)
    stdout.print()
    stdout.print(
        f"{report.output}: {report.base} after {report.best_step:,} of {report.steps:,} steps, "
        f"dev loss {report.dev_loss:.3f}",
        soft_wrap=True,
    )


def show_build(report: "BuildReport") -> None:
    """Print what a build made, and whatever it could not use."""
    views = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.views.items()))
    state = "up to date" if report.unchanged else "built"
    stdout.print(
        Text.assemble(
            (report.index, "bold"), f" {state}: {report.documents:,} documents ({report.language})"
        ),
        soft_wrap=True,
    )
    stdout.print(f"  views: {views}", soft_wrap=True)
    how = "calibrated" if report.calibrated else "as configured"
    weights = f"words {report.search.words:.2f}, views {report.search.hybrid_views:.2f}"
    stdout.print(f"  weights of hybrid search, {how}: {weights}", soft_wrap=True)
    if report.long_documents:
        stdout.print(
            f"  {report.long_documents:,} documents are longer than the encoder reads and have "
            "several passages",
            soft_wrap=True,
        )
    if report.cut_sources:
        stdout.print(f"  the generator could not read {report.cut_sources:,} texts to their end")
    if report.rejected:
        rejected = sum(report.rejected.values())
        stdout.print(f"  checks rejected {rejected:,} of {report.written:,} generated views:")
        for reason, count in sorted(report.rejected.items(), key=lambda each: -each[1]):
            stdout.print(f"    {count:>7,}  {reason}", soft_wrap=True)
    show_skipped(report.skipped, report.examples)


def show_skipped(skipped: Mapping[str, int], examples: Mapping[str, str]) -> None:
    """Print how many records were left out or mended, and the first of each kind."""
    for reason, count in skipped.items():
        stdout.print(
            Text.assemble(
                ("  bad records: ", "yellow"), f"{count:,} {reason}, first {examples[reason]}"
            ),
            soft_wrap=True,
        )


def _points(value: float, baseline: float | None) -> Text:
    if baseline is None:
        return Text(f"{100 * value:.1f}      ")
    gain = round(100 * value, 1) - round(100 * baseline, 1)
    style = "green" if gain > 0.05 else "red" if gain < -0.05 else "dim"
    return Text.assemble(f"{100 * value:.1f} ", (f"{gain:+5.1f}", style))
