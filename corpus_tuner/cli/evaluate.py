"""``corpus-tuner eval``."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from corpus_tuner.cli.options import ConfigOption, JsonOption, OnBadRecord, SetOption, settings_of
from corpus_tuner.cli.output import show_matrix, show_results, show_skipped, stdout


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
            help="A folder in BEIR layout, ir_datasets:ID, sample-en or sample-de; repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where results, runs and indexes go.")
    ] = Path("results"),
    config: ConfigOption = None,
    assignments: SetOption = None,
    on_bad_record: Annotated[
        OnBadRecord,
        typer.Option(help="Benchmarks are as they are, so bad records are skipped and counted."),
    ] = "skip",
    split: Annotated[str, typer.Option(help="Which judgments: qrels/SPLIT.tsv.")] = "test",
    measure: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Such as nDCG@10 or AP@1000; repeatable."),
    ] = None,
    depth: Annotated[int, typer.Option(min=1, help="Documents in a run.")] = 100,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Measure what each kind of view and each check brings.")
    ] = False,
    tune: Annotated[
        bool, typer.Option(help="With --ablate, tune the generator on each corpus and compare.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Build or reuse the index of each benchmark and measure it beside the encoder alone."""
    benchmarks = [*(benchmark or []), *(more or [])]
    if not benchmarks:
        raise typer.BadParameter("name at least one", param_hint="--benchmark")
    settings = settings_of(config, assignments, on_bad_record)
    from corpus_tuner.evaluation import evaluate as run_evaluation
    from corpus_tuner.evaluation import evaluate_parts
    from eval.measures import DEFAULT_MEASURES
    from eval.report import matrix

    chosen = measure or DEFAULT_MEASURES
    options: dict[str, Any] = {"split": split, "measures": chosen, "depth": depth}
    if ablate:
        written = output / "ablation.json"
        done = evaluate_parts(benchmarks, output, settings, tune=tune, **options)
    else:
        written = output / "metrics.json"
        done = run_evaluation(benchmarks, output, settings, **options)
    if json:
        typer.echo(written.read_text(encoding="utf-8").rstrip())
        return
    if ablate:
        show_matrix(matrix(done.results, chosen[0]))
    else:
        show_results(done.results)
    for name, built in done.builds.items():
        rejected = done.rejected[name]
        if built.skipped or rejected:
            stdout.print(f"{name}:")
            show_skipped(built.skipped, built.examples)
            reasons = Counter(bad.reason for bad in rejected)
            show_skipped(reasons, {bad.reason: str(bad) for bad in reversed(rejected)})
    beside = "ablation.md" if ablate else "runs"
    stdout.print(f"written to {written} and {output}/{beside}", soft_wrap=True)
