"""``corpus-tuner compare``."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from corpus_tuner.cli.options import (
    BadJudgmentsOption,
    BenchmarksOption,
    JsonOption,
    LatexOption,
    MeasureOption,
    QuietOption,
    SplitOption,
    read_recipe,
)
from corpus_tuner.cli.output import stdout
from corpus_tuner.cli.result_output import one_format, show_comparisons, show_latex, show_results

if TYPE_CHECKING:
    from corpus_tuner.config.recipe import Recipe


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="TREC run files, or NAME=FILE; the others are compared with the first. - is "
            "standard input.",
        ),
    ],
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", help="What they were made for, as eval takes it.")
    ] = "",
    qrels: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Instead, a file of judgments, TREC's or BEIR's."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the report goes.")] = Path(
        "comparison"
    ),
    on_bad_record: BadJudgmentsOption = "skip",
    split: SplitOption = "",
    measure: MeasureOption = None,
    benchmarks: BenchmarksOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
    latex: LatexOption = False,
) -> None:
    """Measure and compare runs from anywhere."""
    settings = read_recipe(None, None, on_bad_record)
    show_runs(runs, output, json, latex, benchmark, qrels, measure, split, benchmarks, settings)


def show_runs(
    runs: list[str],
    output: Path,
    json: bool,
    latex: bool,
    benchmark: str,
    qrels: Path | None,
    measure: list[str] | None,
    split: str,
    benchmarks: Path | None,
    settings: "Recipe",
) -> None:
    """Measure runs, write their report, and print what was measured."""
    one_format(json, latex)
    from corpus_tuner.eval.compare_runs import compare_runs
    from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES

    report = compare_runs(
        runs,
        output,
        benchmark=benchmark,
        qrels=qrels,
        measures=measure or DEFAULT_MEASURES,
        split=split,
        home=benchmarks,
        settings=settings,
        command=shlex.join(["corpus-tuner", *sys.argv[1:]]),
    )
    if json:
        typer.echo(report.model_dump_json(include={"results", "comparisons", "remarks"}, indent=2))
        return
    if latex:
        show_latex(report)
        return
    show_results(report.results, report.references, report.baseline)
    show_comparisons(report)
    stdout.print(f"the report is {output}/report.html", soft_wrap=True)
