"""``corpus-tuner index calibrate``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.search_settings import Calibration, RerankerTrial


def calibrate(
    index: opt.IndexFolder,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="search.KEY=VALUE",
            help="Change a setting of search first, such as search.reranker; repeatable.",
        ),
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option(help="File of judged queries, by which to tune the calibrated weights."),
    ] = None,
    qrels: opt.Qrels = None,
    trust_remote_code: opt.Trust = False,
) -> None:
    """Choose the weights of hybrid search on pseudo-queries, without labels.

    With --queries and --qrels the weights are tuned by judged queries, and change only if
    cross-validation shows a gain.
    """
    if queries or qrels:
        if not (queries and qrels) or assignments:
            raise typer.BadParameter("--queries and --qrels go together, without --set")
        from corpus_tuner.eval.weight_tuning import tune_weights

        tuned = tune_weights(index, queries, qrels, trust_remote_code=trust_remote_code)
        shown = ", ".join(f"{name} {own:.2f}" for name, own in tuned.weights if own)
        verdict = (
            f"the weights are now {shown}" if tuned.pays else "no gain is shown: nothing changed"
        )
        out.print_line(
            f"cross-validated gain in nDCG@10 on {tuned.queries} judged queries: "
            f"{100 * tuned.gain:.1f} [{100 * tuned.low:.1f}, {100 * tuned.high:.1f}]; {verdict}"
        )
        return
    from corpus_tuner.calibration.weights import calibrate as calibrate_index
    from corpus_tuner.config.recipe import change_search_settings
    from corpus_tuner.indexes.store.manifest import read_manifest

    default = change_search_settings(read_manifest(index), assignments or ())
    show_calibration(calibrate_index(index, default=default, trust_remote_code=trust_remote_code))


def show_calibration(calibration: "Calibration") -> None:
    """Print the chosen weights, and the measures on which they were chosen."""
    if calibration.unchanged:
        out.print_line(out.sanitize(f"the weights are unchanged: {calibration.unchanged}"))
        return
    columns = ("chosen", "default", "maximum likelihood", "standard error")
    weights = out.make_table("weight of", *columns, right=columns)
    for name, chosen in calibration.chosen:
        if name == "reranker" and calibration.reranker is None:
            continue
        estimated = name in calibration.errors
        estimate = getattr(calibration.maximum_likelihood, name) if estimated else None
        default, error = getattr(calibration.default, name), calibration.errors.get(name)
        values = (chosen, default, estimate, error)
        weights.add_row(name, *("–" if value is None else f"{value:.2f}" for value in values))
    out.stdout.print(weights)
    if calibration.judged:
        out.print_line(f"\nThe weights were tuned by {calibration.judged} judged queries.")
    elif calibration.trust < 1:
        out.print_line(
            "\nOn held-out documents the maximum likelihood weights are not better than the "
            f"default weights beyond one standard error: they count {calibration.trust:.2f} times."
        )
    if calibration.failing:
        out.print_line(f"\n{describe_failing(calibration.failing)}")
    if calibration.reranker:
        out.print_line(f"\n{describe_trial(calibration.reranker)}")
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


def describe_trial(trial: "RerankerTrial") -> str:
    """Return a line on the gain by a reranker."""
    verdict = "" if trial.pays else "; it does not pay, and has no weight"
    return (
        f"the reranker gains {100 * trial.gain:.1f} nDCG@10 (standard error "
        f"{100 * trial.error:.1f}) on {trial.queries} pseudo-queries{verdict}"
    )


def describe_failing(failing: Sequence[str]) -> str:
    """Return a line that names the rankers without weight."""
    return f"without weight, since they find too little by themselves: {', '.join(failing)}"
