"""``corpus-tuner index calibrate``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.search_settings import Calibration


def calibrate(index: opt.IndexFolder, trust_remote_code: opt.Trust = False) -> None:
    """Choose the weights of hybrid search on pseudo-queries, without labels."""
    from corpus_tuner.calibration.weights import calibrate as calibrate_index

    show_calibration(calibrate_index(index, trust_remote_code=trust_remote_code))


def show_calibration(calibration: "Calibration") -> None:
    """Print the chosen weights, and the measures on which they were chosen."""
    if calibration.unchanged:
        out.print_line(out.sanitize(f"the weights are unchanged: {calibration.unchanged}"))
        return
    columns = ("chosen", "default", "maximum likelihood", "standard error")
    weights = out.make_table("weight of", *columns, right=columns)
    for name, chosen in calibration.chosen:
        estimated = name in calibration.errors
        estimate = getattr(calibration.maximum_likelihood, name) if estimated else None
        default, error = getattr(calibration.default, name), calibration.errors.get(name)
        values = (chosen, default, estimate, error)
        weights.add_row(name, *("–" if value is None else f"{value:.2f}" for value in values))
    out.stdout.print(weights)
    if calibration.failing:
        out.print_line(f"\n{describe_failing(calibration.failing)}")
    measure = f"nDCG@10 of {calibration.queries} pseudo-queries"
    rankings = out.make_table("ranking", measure, right=(measure,))
    for name, value in calibration.found.items():
        rankings.add_row(name, f"{100 * value:.1f}")
    out.stdout.print("", rankings)
    best = max(calibration.found.values(), default=0.0)
    if calibration.found.get("chosen", best) < best:
        out.print_line(
            "Another ranking scores higher than the chosen weights on these pseudo-queries. This "
            "is intended: real queries differ from them, so the chosen weights are the mean of the "
            "maximum likelihood weights and the default weights.",
            style="dim",
        )


def describe_failing(failing: Sequence[str]) -> str:
    """Return a line that names the rankers without weight."""
    return f"without weight, since they find too little by themselves: {', '.join(failing)}"
