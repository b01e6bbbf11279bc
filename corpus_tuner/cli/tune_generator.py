"""``corpus-tuner tune generator``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from corpus_tuner.cli.options import (
    ConfigOption,
    JsonOption,
    QuietOption,
    SetOption,
    SettingsOption,
    read_recipe,
    read_tuning_settings,
)
from corpus_tuner.cli.output import stdout, table

if TYPE_CHECKING:
    from corpus_tuner.tuning.generator.report import TuningReport


def generator(
    corpus: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(help="Documents for which the base writes what it then learns from."),
    ] = None,
    *,
    base: Annotated[
        str,
        typer.Option(help="What to tune: a hub name or a folder."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the model.")],
    pairs: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A .jsonl file (.gz too) of task, language, source, target; repeatable."),
    ] = None,
    settings_file: SettingsOption = None,
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger of what was generated; by default in the output."),
    ] = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Tune a generator on its own accepted writing, or on pairs; go on with it after a kill."""
    from corpus_tuner.config.generator_tuning import GeneratorTuningSettings

    settings, rest = read_tuning_settings(GeneratorTuningSettings, settings_file, assignments)
    recipe = read_recipe(config, rest)
    from corpus_tuner.tuning.generator.tune import tune_generator

    report = tune_generator(
        corpus, base, output, recipe, settings, pairs=pairs or (), ledger=ledger
    )
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        _show(report)


def _show(report: "TuningReport") -> None:
    """Print what a tuned generator learnt."""
    columns = ("training pairs", "held out", "loss", "ROUGE-L")
    instructions = table("instruction", *columns, right=columns)
    for name, count in report.pairs.items():
        measured = (report.test_loss.get(name), report.test_rouge_l.get(name))
        numbers = ["" if value is None else f"{value:.3f}" for value in measured]
        instructions.add_row(name, f"{count:,}", f"{report.held_out.get(name, 0):,}", *numbers)
    stdout.print(instructions)
    stdout.print()
    stdout.print(
        f"{report.output}: {report.base} after {report.best_step:,} of {report.steps:,} steps, "
        f"dev loss {report.dev_loss:.3f}",
        soft_wrap=True,
    )
