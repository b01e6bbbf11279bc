"""``corpus-tuner index check``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.core.counts import format_count

if TYPE_CHECKING:
    from corpus_tuner.calibration.ann_recall import Recall


def check(
    index: opt.IndexFolder,
    repair: Annotated[
        bool, typer.Option("--repair", help="Index damaged segments again, as far as possible.")
    ] = False,
    recall: Annotated[
        bool,
        typer.Option(
            "--recall",
            help="Measure the recall of approximate nearest neighbour search, with held-out "
            "sentences as queries.",
        ),
    ] = False,
    ledger: opt.Ledger = None,
    trust_remote_code: opt.Trust = False,
    json: opt.Json = False,
) -> None:
    """Read all files of an index, verify their checksums, and list what is damaged.

    The exit code is 1 if something is damaged, or if the recall is lower than the recipe requires.
    """
    from corpus_tuner.building.repair import check as check_index
    from corpus_tuner.building.repair import repair as repair_index
    from corpus_tuner.calibration.ann_recall import measure_recall
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.store.check import check_encoder
    from corpus_tuner.indexes.store.manifest import parse_manifest

    done = None
    if repair:
        with show_activity("checking and repairing"):
            done = repair_index(index, ledger=ledger, trust_remote_code=trust_remote_code)
        problems = done.problems
        failed = bool(done.lost or check_encoder(parse_manifest(index)))
    else:
        with show_activity("checking"):
            problems = check_index(index, ledger=ledger)
        failed = bool(problems)
    measured = None
    if recall and not failed:
        measured = measure_recall(index, trust_remote_code=trust_remote_code)
        failed = not measured.is_sufficient
    if json:
        shown = [{"file": str(problem.file), "problem": problem.what} for problem in problems]
        values: dict[str, Any] = {"problems": shown}
        if done:
            values |= {
                "rebuilt": done.rebuilt,
                "lost": done.lost,
                "ann_indexes": done.ann_indexes,
            }
        if measured:
            values["recall"] = measured.model_dump()
        out.print_json(values)
    else:
        for problem in problems:
            out.print_line(out.sanitize(str(problem)))
        if not problems:
            out.print_line(f"{index} is valid")
        elif done:
            out.print_line(f"indexed again: {format_count(done.rebuilt, 'document')}")
        if done and done.ann_indexes:
            count = format_count(done.ann_indexes, "ANN index", "ANN indexes")
            out.print_line(f"built again: {count}")
        if done and done.lost:
            out.print_line(
                f"lost: {format_count(done.lost, 'document')}; corpus-tuner build on the "
                "corpus adds what is lost again",
                style="yellow",
            )
        if measured:
            _show_recall(measured)
    if failed:
        raise typer.Exit(1)


def _show_recall(measured: "Recall") -> None:
    if measured.recall is None:
        out.print_line("recall: no document has a sentence that can be a query")
        return
    out.print_line(
        f"recall@100 of {measured.vector_index}: {measured.recall:.4f}, by "
        f"{format_count(measured.queries, 'held-out sentence')}"
    )
    if not measured.is_sufficient:
        out.print_line(
            f"that is less than the required {measured.required}: run corpus-tuner build with a "
            "greater vectors.recall",
            style="yellow",
        )
