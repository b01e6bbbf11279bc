"""``corpus-tuner calibrate``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.options import JsonOption
from corpus_tuner.cli.output import show_calibration


def calibrate(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    seed: Annotated[int, typer.Option(help="Of the choice of documents and sentences.")] = 0,
    trust_remote_code: Annotated[
        bool, typer.Option(help="Run Python that comes with the index's encoder.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Choose the weights of views and words for this corpus, without labels."""
    from corpus_tuner.calibration import calibrate as calibrate_index

    chosen = calibrate_index(index, seed=seed, trust_remote_code=trust_remote_code)
    if json:
        typer.echo(chosen.model_dump_json(indent=2))
    else:
        show_calibration(chosen)
