"""``corpus-tuner tune encoder``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from corpus_tuner.cli.options import (
    ConfigOption,
    EncoderOption,
    ExcludeOption,
    GeneratorOption,
    IncludeOption,
    JsonOption,
    OnBadRecordOption,
    QuietOption,
    SetOption,
    SettingsOption,
    read_recipe,
    read_tuning_settings,
)
from corpus_tuner.cli.output import stdout, table

if TYPE_CHECKING:
    from corpus_tuner.encoders.tuning_report import EncoderTuningReport


def encoder(
    corpora: Annotated[
        list[str], typer.Argument(metavar="CORPUS...", help="Documents that it learns to find.")
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the model.")],
    settings_file: SettingsOption = None,
    keep: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="CORPUS",
            help="Other documents, whose vectors are to stay; needs --set memory=WEIGHT.",
        ),
    ] = None,
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    on_bad_record: OnBadRecordOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Tune the encoder on corpora that nobody has labelled; go on with it after a kill."""
    from corpus_tuner.config.encoder_tuning import EncoderTuningSettings

    settings, rest = read_tuning_settings(EncoderTuningSettings, settings_file, assignments)
    recipe = read_recipe(
        config,
        rest,
        on_bad_record,
        encoder,
        generator,
        include=include,
        exclude=exclude,
    )
    from corpus_tuner.tuning.encoder.tune import tune_encoder

    report = tune_encoder(corpora, output, recipe, settings, keep=keep or ())
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        _show(report)


def _show(report: "EncoderTuningReport") -> None:
    """Print whether a tuned encoder is better."""
    from corpus_tuner.tuning.encoder.report import list_candidates

    verdict = report.verdict
    found = table("held-out documents, asked for", "nDCG@10", right=("nDCG@10",))
    for what, mean in list_candidates(report):
        found.add_row(what, f"{100 * mean:.1f}")
    stdout.print(found)
    stdout.print()
    low, high = (100 * end for end in verdict.interval)
    better = "better" if verdict.better else "not better"
    stdout.print(
        f"{report.output}: {better} than {report.base}, {100 * verdict.gain:+.1f} nDCG@10 "
        f"({low:+.1f} to {high:+.1f}) by {verdict.queries:,} queries of held-out documents, "
        "where the one half judges what the other half chose",
        soft_wrap=True,
    )
    take = report.output if verdict.better else report.base
    stdout.print(f"build with: --encoder {take}", soft_wrap=True)
    before, alone = (100 * mean for mean in verdict.dense)
    stdout.print(f"by vectors alone: {alone:.1f}, and {before:.1f} with {report.base}")
