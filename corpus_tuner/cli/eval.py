"""``corpus-tuner eval``."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.result_output import (
    check_formats,
    show_comparisons,
    show_latex,
    show_remarks,
    show_results,
)

if TYPE_CHECKING:
    from corpus_tuner.eval.benchmarks.registry import Registry

_WIDE = 120  # columns of a terminal that has room for the whole description of a benchmark


def evaluate(
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="[BENCHMARK]...", help="Benchmarks, as --benchmark takes them."),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            "--benchmark",
            "-b",
            help="Benchmark or suite that --list shows, folder in BEIR layout, ir_datasets:ID, "
            "sample-en or sample-de; repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the report, runs and indexes.")
    ] = Path("results"),
    config: opt.Config = None,
    encoder: opt.Encoder = None,
    generator: opt.Generator = None,
    assignments: opt.Set = None,
    on_bad_record: opt.OnBadRecord = "skip",
    split: opt.Split = "",
    measure: opt.Measure = None,
    depth: Annotated[
        int, typer.Option(min=1, help="Number of documents per query in a run.")
    ] = 100,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            help="Further system, [NAME=]KIND:...: lucene, lucene:PREBUILT, encoder:MODEL or "
            "run:FILE ({benchmark} stands for the name); repeatable."
        ),
    ] = None,
    compare_with: Annotated[
        str, typer.Option(help="System that the others are compared with.")
    ] = "passage",
    index: Annotated[
        str | None,
        typer.Option(
            metavar="INDEX",
            help="Evaluate this index (a folder or an address of Qdrant) and build none; for one "
            "benchmark, whose corpus is not needed, or for --queries and --qrels.",
        ),
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option(
            help="With --index, file of queries: .jsonl, .tsv, .csv, or lines; - is standard input."
        ),
    ] = None,
    qrels: opt.Qrels = None,
    benchmarks: opt.Benchmarks = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the benchmarks that are known by name.")
    ] = False,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Run an ablation study of kinds of views and checks.")
    ] = False,
    tune: Annotated[
        bool, typer.Option(help="With --ablate, fine-tune the generator on every corpus as well.")
    ] = True,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
    latex: opt.Latex = False,
) -> None:
    """Evaluate an index and its encoder on benchmarks.

    The index of every benchmark is built, or reused if it exists.
    """
    if list_:
        _list_benchmarks(benchmarks, json)
        return
    check_formats(json, latex)
    names = [*(benchmark or []), *(more or [])]
    _check_files(names, queries, qrels, index)
    if ablate and index:
        raise typer.BadParameter("--ablate builds the indexes that it compares: leave out --index")
    recipe = opt.read_recipe(config, assignments, on_bad_record, encoder, generator)
    from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES

    measures = measure or DEFAULT_MEASURES
    options: dict[str, Any] = {
        "split": split,
        "measures": measures,
        "depth": depth,
        "home": benchmarks,
    }
    if ablate:
        from corpus_tuner.eval.ablation import evaluate_ablation
        from corpus_tuner.eval.report.tables import tabulate_measure

        ablation = evaluate_ablation(names, output, recipe, tune=tune, **options)
        if json:
            typer.echo((output / "ablation.json").read_text(encoding="utf-8").rstrip())
            return
        _show_matrix(tabulate_measure(ablation, measures[0]))
        out.print_line(f"written to {output}/ablation.json and ablation.md")
        return
    from corpus_tuner.eval.baselines import open_baseline
    from corpus_tuner.eval.evaluate import evaluate as run_evaluation

    done = run_evaluation(
        names,
        output,
        recipe,
        baselines=[open_baseline(spec) for spec in baseline or ()],
        compare_with=compare_with,
        index=index,
        queries=queries,
        qrels=qrels,
        command=shlex.join(["corpus-tuner", *sys.argv[1:]]),
        **options,
    )
    if json:
        typer.echo((output / "metrics.json").read_text(encoding="utf-8").rstrip())
        show_remarks(done, out.stderr)
        return
    if latex:
        show_latex(done)
        return
    show_results(done.results, done.references, done.baseline)
    show_comparisons(done)
    for name, built in done.builds.items():
        if built.skipped:
            out.print_line(f"{name}:")
            out.show_skipped("records left out or repaired", built.skipped, built.examples)
    out.print_line(
        f"the report is {output}/report.html, with summary.md, table.tex, metrics.json, "
        "per_query.csv and runs/ beside it"
    )


def _check_files(
    names: Sequence[str], queries: Path | None, qrels: Path | None, index: str | None
) -> None:
    """Check that there are either benchmarks, or files and an index."""
    if queries or qrels:
        if names:
            raise typer.BadParameter("--queries and --qrels replace a benchmark")
        if not (queries and qrels and index):
            raise typer.BadParameter("--queries, --qrels and --index go together")
    elif not names:
        raise typer.BadParameter("name at least one", param_hint="--benchmark")


def _list_benchmarks(home: Path | None, json: bool) -> None:
    from corpus_tuner.eval.benchmarks.registry import load_registry
    from corpus_tuner.eval.open_benchmark import get_benchmarks_folder

    known = load_registry()
    folder = get_benchmarks_folder(home)
    if json:
        listed = known.model_dump()
        for name, entry in listed["benchmarks"].items():
            entry["here"] = (folder / name).is_dir()
        out.print_json(listed)
        return
    _show_benchmarks(known, folder)


def _show_benchmarks(registry: "Registry", home: Path) -> None:
    """Print the benchmarks that are known by name, and the suites of them."""
    every = ("benchmark", "lang", "docs", "queries", "measure", "from", "what")
    shown = every if out.stdout.width >= _WIDE else ("benchmark", "docs", "from", "what")
    known = out.make_table(*shown, right=("docs", "queries"))
    for column in known.columns:
        column.no_wrap = True
    known.expand, known.columns[-1].ratio, known.columns[-1].overflow = True, 1, "ellipsis"
    for name, entry in registry.benchmarks.items():
        source = "here" if (home / name).is_dir() else ""
        source = source or ("ir_datasets" if entry.ir_datasets else "hub")
        documents, queries = f"{entry.documents:,}", f"{entry.queries:,}"
        cells = (name, entry.language, documents, queries, entry.measure, source, entry.about)
        known.add_row(*(cells[every.index(column)] for column in shown))
    out.stdout.print(known, "")
    suites = out.make_table("suite", "benchmarks")
    for name, members in registry.suites.items():
        suites.add_row(name, ", ".join(members))
    out.stdout.print(suites)
    out.print_line(
        "sample-en and sample-de are part of this package; ir_datasets downloads to its own cache, "
        f"benchmarks of the hub go to {home}",
        style="dim",
    )


def _show_matrix(rows: Sequence[Sequence[str]]) -> None:
    """Print a table of one measure: systems by benchmarks."""
    head, *body = rows
    systems = out.make_table(*head, right=head[1:])
    for row in body:
        systems.add_row(*map(out.sanitize, row))
    out.stdout.print(systems)
