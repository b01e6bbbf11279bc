"""``corpus-tuner tune generator``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out


def generator(
    corpus: Annotated[
        str | None,
        typer.Argument(help="Documents for which the base model generates training pairs."),
    ] = None,
    *,
    base: Annotated[str, typer.Option(help="Base model: its name on a hub, folder or GGUF file.")],
    output: opt.ModelFolder,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(help="A .jsonl file (.gz too) of task, language, source, target; repeatable."),
    ] = None,
    settings_file: opt.TuningSettings = None,
    config: opt.Config = None,
    assignments: opt.Set = None,
    json: opt.Json = False,
) -> None:
    """Fine-tune a generator on its own accepted views, or on pairs; an interrupted run is resumed.

    With --set rounds=N it generates, checks and trains N times.
    """
    from corpus_tuner.config.generator_tuning import GeneratorTuningSettings

    settings, rest = opt.read_tuning_settings(GeneratorTuningSettings, settings_file, assignments)
    recipe = opt.read_recipe(config, rest, {})
    from corpus_tuner.tuning.generator.tune import tune_generator

    report = tune_generator(corpus, base, output, recipe, settings, pairs=pairs or ())
    if json:
        out.print_json(report)
        return
    columns = ("training pairs", "held out", "loss", "ROUGE-L")
    instructions = out.make_table("instruction", *columns, right=columns)
    for name, count in report.pairs.items():
        measured = (report.test_loss.get(name), report.test_rouge_l.get(name))
        numbers = ["" if value is None else f"{value:.3f}" for value in measured]
        instructions.add_row(name, f"{count:,}", f"{report.held_out.get(name, 0):,}", *numbers)
    out.stdout.print(instructions, "")
    out.print_line(
        f"{report.output}: {report.base} after {report.best_step:,} of {report.steps:,} steps, "
        f"dev loss {report.dev_loss:.3f}"
    )
