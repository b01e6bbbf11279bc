"""``corpus-tuner eval``."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.result_output import show_comparisons, show_remarks, show_results


def evaluate(
    benchmarks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BENCHMARK]...",
            help="Benchmark or suite that --list shows, folder in BEIR layout, ir_datasets:ID, "
            "sample-en or sample-de.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the report, runs and indexes.")
    ] = Path("results"),
    config: opt.Config = None,
    encoder: opt.Encoder = None,
    assignments: opt.Set = None,
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
    list_: Annotated[
        bool, typer.Option("--list", help="List the benchmarks that are known by name.")
    ] = False,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Run an ablation study of kinds of views and checks.")
    ] = False,
    tune: Annotated[
        bool, typer.Option(help="With --ablate, fine-tune the generator on every corpus as well.")
    ] = True,
    json: opt.Json = False,
) -> None:
    """Evaluate an index and its encoder on benchmarks.

    The index of every benchmark is built, or reused if it exists.
    """
    if list_:
        _list_benchmarks(json)
        return
    names = benchmarks or []
    _check_files(names, queries, qrels, index)
    if ablate and index:
        raise typer.BadParameter("--ablate builds the indexes that it compares: leave out --index")
    values = {"corpus.on_bad_record": "skip", "encoder.name": encoder}
    tuning = None
    if ablate and tune:
        from corpus_tuner.config.generator_tuning import GeneratorTuningSettings

        tuning, assignments = opt.read_tuning_settings(GeneratorTuningSettings, None, assignments)
    recipe = opt.read_recipe(config, assignments, values)
    from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES

    measures = measure or DEFAULT_MEASURES
    options: dict[str, Any] = {"split": split, "measures": measures, "depth": depth}
    if ablate:
        from corpus_tuner.eval.ablation import evaluate_ablation
        from corpus_tuner.eval.report.tables import tabulate_measure

        ablation = evaluate_ablation(names, output, recipe, tuning=tuning, **options)
        if json:
            typer.echo((output / "ablation.json").read_text(encoding="utf-8").rstrip())
            return
        head, *rows = tabulate_measure(ablation, measures[0])
        systems = out.make_table(*head, right=head[1:])
        for row in rows:
            systems.add_row(*map(out.sanitize, row))
        out.stdout.print(systems)
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
        raise typer.BadParameter("name at least one", param_hint="BENCHMARK")


def _list_benchmarks(json: bool) -> None:
    """Print the benchmarks that are known by name, and the suites of them."""
    from corpus_tuner.eval.benchmarks.registry import load_registry
    from corpus_tuner.eval.open_benchmark import get_benchmarks_folder

    registry, folder = load_registry(), get_benchmarks_folder()
    if json:
        out.print_json(registry)
        return
    known = out.make_table("benchmark", "docs", "from", "what", right=("docs",))
    for column in known.columns:
        column.no_wrap = True
    known.expand, known.columns[-1].ratio, known.columns[-1].overflow = True, 1, "ellipsis"
    for name, entry in registry.benchmarks.items():
        source = "ir_datasets" if entry.ir_datasets else "hub"
        here = (folder / name).is_dir()
        known.add_row(name, f"{entry.documents:,}", "here" if here else source, entry.about)
    out.stdout.print(known, "")
    suites = out.make_table("suite", "benchmarks")
    for name, members in registry.suites.items():
        suites.add_row(name, ", ".join(members))
    out.stdout.print(suites)
    out.print_line(
        "sample-en and sample-de are part of this package; ir_datasets downloads to its own cache, "
        f"benchmarks of the hub go to {folder}",
        style="dim",
    )
