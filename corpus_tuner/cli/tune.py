"""``corpus-tuner tune``."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.options import ConfigOption, JsonOption, SetOption, settings_of
from corpus_tuner.cli.output import show_tuning

tune = typer.Typer(help="Tune models without labels.", no_args_is_help=True)


@tune.callback()
def _tune() -> None:
    """Tune models without labels."""


@tune.command()
def generator(
    base: Annotated[
        str,
        typer.Option(help="What to tune: a hub name, a folder, builtin or minilm."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the model.")],
    pairs: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A .jsonl file (.gz too) of task, language, source, target; repeatable."),
    ] = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Tune a generator; run it again to go on after a kill."""
    settings = settings_of(config, assignments, None)
    if not pairs:
        raise typer.BadParameter("give files of pairs", param_hint="--pairs")
    from corpus_tuner.models import Source
    from corpus_tuner.tuning.generator import tune_on_pairs
    from corpus_tuner.tuning.pairs import read_pairs

    report = tune_on_pairs(
        (pair for file in pairs for pair in read_pairs(file, settings.instructions)),
        Source(base),
        output,
        settings.tuning,
        [file.name for file in pairs],
    )
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show_tuning(report)
