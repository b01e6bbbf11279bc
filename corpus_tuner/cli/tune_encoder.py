"""``corpus-tuner tune encoder``."""

from typing import Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out


def encoder(
    corpora: Annotated[
        list[str], typer.Argument(metavar="CORPUS...", help="Documents to train for.")
    ],
    *,
    output: opt.ModelFolder,
    settings_file: opt.TuningSettings = None,
    encoder: opt.Encoder = None,
    config: opt.Config = None,
    assignments: opt.Set = None,
    json: opt.Json = False,
) -> None:
    """Fine-tune the encoder on unlabelled corpora; an interrupted run is resumed.

    Training takes about 30 minutes: --set minutes=N. With --set steps=0 only the weights of tokens
    are learned.
    """
    from corpus_tuner.config.encoder_tuning import EncoderTuningSettings

    settings, rest = opt.read_tuning_settings(EncoderTuningSettings, settings_file, assignments)
    recipe = opt.read_recipe(config, rest, {"encoder.name": encoder})
    from corpus_tuner.tuning.encoder.report import list_candidates
    from corpus_tuner.tuning.encoder.tune import tune_encoder

    report = tune_encoder(corpora, output, recipe, settings)
    if json:
        out.print_json(report)
        return
    verdict = report.verdict
    measures = out.make_table("queries of held-out documents", "nDCG@10", right=("nDCG@10",))
    for name, mean in list_candidates(report):
        measures.add_row(name, f"{100 * mean:.1f}")
    out.stdout.print(measures, "")
    low, high = (100 * end for end in verdict.interval)
    better = "better" if verdict.better else "not better"
    out.print_line(
        f"{report.output}: {better} than {report.base}, {100 * verdict.gain:+.1f} nDCG@10 "
        f"({low:+.1f} to {high:+.1f}) by {verdict.queries:,} queries of held-out documents, "
        "weights chosen on one half and measured on the other"
    )
    out.print_line(f"build with: --encoder {report.output if verdict.better else report.base}")
    before, after = (100 * mean for mean in verdict.dense)
    out.print_line(f"dense search only: {after:.1f}, and {before:.1f} with {report.base}")
