"""``corpus-tuner index calibrate``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli.options import JsonOption, QuietOption, TrustOption
from corpus_tuner.cli.output import plain, stdout, table

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.search_settings import Calibration


def calibrate(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    seed: Annotated[int, typer.Option(help="Of the choice of documents and sentences.")] = 0,
    trust_remote_code: TrustOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Choose the weights of all rankers, without labels."""
    from corpus_tuner.calibration.weights import calibrate as calibrate_index

    calibration = calibrate_index(index, seed=seed, trust_remote_code=trust_remote_code)
    if json:
        typer.echo(calibration.model_dump_json(indent=2))
    else:
        show_calibration(calibration)


def show_calibration(calibration: "Calibration") -> None:
    """Print the weights that were chosen, and what speaks for them."""
    if calibration.unchanged:
        stdout.print(plain(f"the weights stay what they were: {calibration.unchanged}"))
        return
    columns = ("chosen", "usual", "likeliest", "standard error")
    weights = table("weight of", *columns, right=columns)
    for name, chosen in calibration.chosen:
        likeliest = getattr(calibration.likeliest, name) if name in calibration.errors else None
        values = (
            chosen,
            getattr(calibration.usual, name),
            likeliest,
            calibration.errors.get(name),
        )
        weights.add_row(name, *("–" if value is None else f"{value:.2f}" for value in values))
    stdout.print(weights)
    if calibration.failing:
        stdout.print(plain(f"\n{describe_failing(calibration.failing)}"))
    stdout.print()
    measure = f"nDCG@10 of {calibration.queries} pseudo-queries"
    rankings = table("ranking", measure, right=(measure,))
    for name, value in calibration.found.items():
        rankings.add_row(name, f"{100 * value:.1f}")
    stdout.print(rankings)
    best = max(calibration.found.values(), default=0.0)
    if calibration.found.get("chosen", best) < best:
        stdout.print(
            "something else does better: pseudo-queries are a guess at what people ask, so the "
            "likeliest weights are drawn towards the usual ones",
            style="dim",
            soft_wrap=True,
        )


def describe_failing(failing: Sequence[str]) -> str:
    """Return in words which rankers got no weight."""
    return f"without weight, as by themselves they find too little: {', '.join(failing)}"
