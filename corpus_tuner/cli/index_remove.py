"""``corpus-tuner index remove``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.core.counts import format_count
from corpus_tuner.errors import CorpusTunerError

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.soft_delete import Removal

_MAX_NAMED = 10


def remove(
    index: opt.IndexFolder,
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of documents; unknown ids are ignored."),
    ] = None,
    filters: opt.Filters = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before removing what --filter matches.")
    ] = False,
    trust_remote_code: opt.Trust = False,
    json: opt.Json = False,
) -> None:
    """Remove documents by their ids or by their metadata (soft delete).

    With --filter, a terminal asks for confirmation; elsewhere --yes is needed to remove more than
    half of the documents.
    """
    from corpus_tuner.building.remove import remove as remove_and_calibrate
    from corpus_tuner.indexes.filters import parse_filters
    from corpus_tuner.indexes.store.manifest import read_manifest
    from corpus_tuner.indexes.store.segments import read_fields
    from corpus_tuner.indexes.store.soft_delete import delete_documents

    if not ids and not filters:
        raise CorpusTunerError("say which documents: give ids, or --filter field=value")
    filter = parse_filters(filters, read_fields(index, read_manifest(index))) if filters else None
    removal = delete_documents(index, ids or (), filter=filter, dry_run=True)
    if filters and removal.matching and not dry_run and not yes:
        _confirm(index, removal)
    removed = 0
    if not dry_run:
        removed = remove_and_calibrate(
            index, ids or (), filter=filter, trust_remote_code=trust_remote_code
        )
    if json:
        out.print_json({**removal._asdict(), "removed": removed})
        return
    if dry_run:
        out.print_line(out.sanitize(f"{_describe(removal)} would be removed from {index}"))
    else:
        documents = format_count(removed, "document") if removed else "no document"
        out.print_line(f"removed {documents} from {index}")
    if removal.missing:
        out.print_line(f"  not in the index: {_list_ids(removal.missing, len(removal.missing))}")


def _confirm(index: Path, removal: "Removal") -> None:
    """Ask for confirmation in a terminal."""
    if sys.stdin.isatty():
        typer.confirm(
            f"{_describe(removal)} match. Remove them from {index}?", abort=True, err=True
        )
    elif removal.matching > removal.documents / 2:
        raise CorpusTunerError(
            f"the filter matches {_describe(removal)} of {index}, which is more than half: "
            "--dry-run shows what would be removed, and --yes removes it"
        )


def _describe(removal: "Removal") -> str:
    """Return how many documents match, and the first of them."""
    named = f" ({_list_ids(removal.first, removal.matching)})" if removal.first else ""
    return f"{removal.matching:,} of {format_count(removal.documents, 'document')}{named}"


def _list_ids(ids: Sequence[str], count: int) -> str:
    """Return the first of some ids, and how many more there are."""
    named = [out.sanitize(one).plain for one in ids[:_MAX_NAMED]]
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return ", ".join(named) + more
