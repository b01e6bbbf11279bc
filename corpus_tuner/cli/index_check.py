"""``corpus-tuner index check``."""

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from corpus_tuner.cli.options import JsonOption, QuietOption, TrustOption
from corpus_tuner.cli.output import plain, stdout

if TYPE_CHECKING:
    from corpus_tuner.calibration.ann_recall import Recall
    from corpus_tuner.indexes.store.check import Problem


def check(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Make anew what is damaged, as far as can be.")
    ] = False,
    recall: Annotated[
        bool,
        typer.Option(
            "--recall",
            help="Measure, with held-out sentences, how much of what an exact search finds is "
            "found.",
        ),
    ] = False,
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger that the index was built with; by default in the index."),
    ] = None,
    trust_remote_code: TrustOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Read all of an index and tell what is damaged.

    The exit code is 1 if something is, or if less is found than the index was asked to find.
    """
    from corpus_tuner.building.repair import check as check_index
    from corpus_tuner.building.repair import repair as repair_index
    from corpus_tuner.calibration.ann_recall import measure_recall
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.store.check import check_encoder
    from corpus_tuner.indexes.store.manifest import parse_manifest

    if repair:
        with show_activity("checking and repairing"):
            done = repair_index(index, ledger=ledger, trust_remote_code=trust_remote_code)
        problems = done.problems
        left = bool(done.lost or check_encoder(parse_manifest(index)))
        found = {"rebuilt": done.rebuilt, "lost": done.lost, "ann_indexes": done.ann_indexes}
    else:
        with show_activity("checking"):
            problems = check_index(index, ledger=ledger)
        left, found = bool(problems), {}
    measured = None
    if recall and not left:
        measured = measure_recall(index, trust_remote_code=trust_remote_code)
        left = not measured.is_sufficient
    if json:
        shown = [{"file": str(problem.file), "problem": problem.what} for problem in problems]
        values = {"problems": shown, **found}
        if measured:
            values["recall"] = measured.model_dump()
        typer.echo(json_module.dumps(values, ensure_ascii=False, indent=2))
    else:
        _show(index, problems)
        if repair and problems:
            stdout.print(f"{found['rebuilt']:,} documents were indexed anew", soft_wrap=True)
        if found.get("ann_indexes"):
            stdout.print(f"{found['ann_indexes']:,} ANN indexes were built again", soft_wrap=True)
        if found.get("lost"):
            stdout.print(
                f"{found['lost']:,} documents cannot be read any more: corpus-tuner build on the "
                "corpus brings them back",
                style="yellow",
                soft_wrap=True,
            )
        if measured:
            _show_recall(measured)
    if left:
        raise typer.Exit(1)


def _show_recall(measured: "Recall") -> None:
    """Print how much is found."""
    if measured.recall is None:
        stdout.print("recall: no document has a sentence to ask with")
        return
    stdout.print(
        f"recall@100 of {measured.vector_index}, {measured.queries} held-out sentences: "
        f"{measured.recall:.4f}",
        soft_wrap=True,
    )
    if not measured.is_sufficient:
        stdout.print(
            f"that is less than the required {measured.required}: run corpus-tuner build with a "
            "greater vectors.recall",
            style="yellow",
            soft_wrap=True,
        )


def _show(index: Path, problems: Sequence["Problem"]) -> None:
    """Print what is wrong."""
    if not problems:
        stdout.print(f"{index} is sound", soft_wrap=True)
    for problem in problems:
        stdout.print(plain(str(problem)), soft_wrap=True)
