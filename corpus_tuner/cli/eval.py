"""``corpus-tuner eval``."""

import json as json_
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from corpus_tuner.cli.compare import show_runs
from corpus_tuner.cli.options import (
    BadJudgmentsOption,
    BenchmarksOption,
    ConfigOption,
    EncoderOption,
    GeneratorOption,
    JsonOption,
    LatexOption,
    MeasureOption,
    QuietOption,
    SetOption,
    SplitOption,
    read_recipe,
)
from corpus_tuner.cli.output import plain, show_skipped, stderr, stdout, table
from corpus_tuner.cli.result_output import (
    one_format,
    show_comparisons,
    show_latex,
    show_remarks,
    show_results,
)

if TYPE_CHECKING:
    from corpus_tuner.eval.benchmarks.registry import Registry

_WIDE = 120  # columns of a terminal that has room for all that is known of a benchmark


def evaluate(
    more: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[BENCHMARK]...", help="More benchmarks."),
    ] = None,
    benchmark: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--benchmark",
            "-b",
            help="A name or suite that --list shows, a folder in BEIR layout, ir_datasets:ID, "
            "sample-en or sample-de; repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the report, runs and indexes go.")
    ] = Path("results"),
    config: ConfigOption = None,
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    assignments: SetOption = None,
    on_bad_record: BadJudgmentsOption = "skip",
    split: SplitOption = "",
    measure: MeasureOption = None,
    depth: Annotated[int, typer.Option(min=1, help="Documents in a run.")] = 100,
    baseline: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="A further system, [NAME=]KIND:...: lucene, lucene:PREBUILT, encoder:MODEL or "
            "run:FILE ({benchmark} stands for the name); repeatable."
        ),
    ] = None,
    compare_with: Annotated[
        str, typer.Option(help="What the report and the tests of significance compare with.")
    ] = "passage",
    index: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="INDEX",
            help="Measure this index, a folder or an address of Qdrant, and build none; for one "
            "benchmark, whose corpus is not needed, or for --queries and --qrels.",
        ),
    ] = None,
    queries: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="With --index, a file of queries: .jsonl, .tsv, .csv, or lines; - is standard "
            "input."
        ),
    ] = None,
    qrels: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="With --queries or --run, a file of judgments, TREC's or BEIR's."),
    ] = None,
    runs: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--run",
            metavar="RUN",
            help="Measure this TREC run file, or NAME=FILE, and no index, as compare does; "
            "repeatable.",
        ),
    ] = None,
    benchmarks: BenchmarksOption = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Show the benchmarks that are known by name, and leave.")
    ] = False,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Measure what kinds of views and checks bring.")
    ] = False,
    tune: Annotated[
        bool, typer.Option(help="With --ablate, tune the generator on every corpus and compare.")
    ] = True,
    quiet: QuietOption = False,
    json: JsonOption = False,
    latex: LatexOption = False,
) -> None:
    """Measure an index on benchmarks, and its encoder alone.

    Every benchmark's index is built, or reused where it is there.
    """
    if list_:
        _list(benchmarks, json)
        return
    one_format(json, latex)
    names = [*(benchmark or []), *(more or [])]
    if runs:
        if index or queries or ablate or baseline or len(names) > 1:
            raise typer.BadParameter("--run goes with --qrels or one benchmark, and no index")
        settings = read_recipe(None, None, on_bad_record)
        name = "".join(names)
        show_runs(runs, output, json, latex, name, qrels, measure, split, benchmarks, settings)
        return
    _check_files(names, queries, qrels, index)
    settings = read_recipe(config, assignments, on_bad_record, encoder, generator)
    from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES

    options: dict[str, Any] = {
        "split": split,
        "measures": measure or DEFAULT_MEASURES,
        "depth": depth,
        "home": benchmarks,
    }
    if ablate and index:
        raise typer.BadParameter("--ablate builds the indexes that it compares: leave out --index")
    if ablate:
        from corpus_tuner.eval.ablation import evaluate_ablation
        from corpus_tuner.eval.report.tables import tabulate_measure

        ablation = evaluate_ablation(names, output, settings, tune=tune, **options)
        if json:
            typer.echo((output / "ablation.json").read_text(encoding="utf-8").rstrip())
            return
        _show_matrix(tabulate_measure(ablation, options["measures"][0]))
        stdout.print(f"written to {output}/ablation.json and ablation.md", soft_wrap=True)
        return
    from corpus_tuner.eval.baselines import open_baseline
    from corpus_tuner.eval.evaluate import evaluate as run_evaluation

    others = [open_baseline(spec) for spec in baseline or ()]
    done = run_evaluation(
        names,
        output,
        settings,
        baselines=others,
        compare_with=compare_with,
        index=index,
        queries=queries,
        qrels=qrels,
        command=shlex.join(["corpus-tuner", *sys.argv[1:]]),
        **options,
    )
    if json:
        typer.echo((output / "metrics.json").read_text(encoding="utf-8").rstrip())
        show_remarks(done.report, stderr)
        return
    if latex:
        show_latex(done.report)
        return
    show_results(done.results, done.report.references, done.report.baseline)
    show_comparisons(done.report)
    for name, built in done.builds.items():
        if built.skipped:
            stdout.print(f"{name}:")
            show_skipped("records left out or repaired", built.skipped, built.examples)
    stdout.print(
        f"the report is {output}/report.html, with summary.md, table.tex, metrics.json, "
        "per_query.csv and runs/ beside it",
        soft_wrap=True,
    )


def _check_files(
    names: Sequence[str], queries: Path | None, qrels: Path | None, index: str | None
) -> None:
    """See that there is something to measure: either benchmarks, or files and an index."""
    if queries or qrels:
        if names:
            raise typer.BadParameter("--queries and --qrels replace a benchmark")
        if not (queries and qrels and index):
            raise typer.BadParameter("--queries, --qrels and --index go together")
    elif not names:
        raise typer.BadParameter("name at least one", param_hint="--benchmark")


def _list(home: Path | None, json: bool) -> None:
    from corpus_tuner.eval.benchmarks.registry import load_registry
    from corpus_tuner.eval.open_benchmark import get_benchmarks_folder

    known = load_registry()
    folder = get_benchmarks_folder(home)
    if json:
        listed = known.model_dump()
        for name, entry in listed["benchmarks"].items():
            entry["here"] = (folder / name).is_dir()
        typer.echo(json_.dumps(listed, ensure_ascii=False, indent=2))
        return
    _show_benchmarks(known, folder)


def _show_benchmarks(registry: "Registry", home: "Path") -> None:
    """Print the benchmarks that are known by name, and the suites of them."""
    every = ("benchmark", "lang", "docs", "queries", "measure", "from", "what")
    shown = every if stdout.width >= _WIDE else ("benchmark", "docs", "from", "what")
    known = table(*shown, right=("docs", "queries"))
    for column in known.columns:
        column.no_wrap = True
    known.expand, known.columns[-1].ratio, known.columns[-1].overflow = True, 1, "ellipsis"
    for name, entry in registry.benchmarks.items():
        source = "here" if (home / name).is_dir() else ""
        source = source or ("ir_datasets" if entry.ir_datasets else "hub")
        documents, queries = f"{entry.documents:,}", f"{entry.queries:,}"
        cells = (name, entry.language, documents, queries, entry.measure, source, entry.about)
        known.add_row(*(cells[every.index(column)] for column in shown))
    stdout.print(known)
    stdout.print()
    suites = table("suite", "benchmarks")
    for name, members in registry.suites.items():
        suites.add_row(name, ", ".join(members))
    stdout.print(suites)
    stdout.print(f"those that are not here go to {home} when fetched", soft_wrap=True, style="dim")


def _show_matrix(rows: Sequence[Sequence[str]]) -> None:
    """Print a table of one measure: systems by benchmarks."""
    head, *body = rows
    systems = table(*head, right=head[1:])
    for row in body:
        systems.add_row(*map(plain, row))
    stdout.print(systems)
