"""``corpus-tuner compare``."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.result_output import show_comparisons, show_results


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
        str, typer.Option("--benchmark", "-b", help="Benchmark of the runs, as eval takes it.")
    ] = "",
    qrels: opt.Qrels = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the report.")] = Path(
        "comparison"
    ),
    split: opt.Split = "",
    measure: opt.Measure = None,
    json: opt.Json = False,
) -> None:
    """Measure TREC runs and compare them, with tests of significance."""
    from corpus_tuner.eval.compare_runs import compare_runs
    from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES

    report = compare_runs(
        runs,
        output,
        benchmark=benchmark,
        qrels=qrels,
        measures=measure or DEFAULT_MEASURES,
        split=split,
        skip_bad_records=True,
        command=shlex.join(["corpus-tuner", *sys.argv[1:]]),
    )
    if json:
        typer.echo(report.model_dump_json(include={"results", "comparisons", "remarks"}, indent=2))
        return
    show_results(report.results, report.references, report.baseline)
    show_comparisons(report)
    out.print_line(f"written to {output}: report.html, report.json, table.tex and others")
