"""``corpus-tuner index remove``."""

import json as json_module
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from corpus_tuner.cli.options import FilterOption, JsonOption, QuietOption, TrustOption
from corpus_tuner.cli.output import plain, stdout
from corpus_tuner.errors import CorpusTunerError

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.soft_delete import Removal

_NAMED = 10


def remove(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    ids: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Ids of documents; those that there are not are passed over."),
    ] = None,
    filters: FilterOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Remove what --filter matches without asking.")
    ] = False,
    trust_remote_code: TrustOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Remove documents, by their ids or by their metadata.

    With --filter, a terminal is asked first; elsewhere --yes is needed to remove more than half of
    the documents.
    """
    from corpus_tuner.building.remove import remove as remove_and_calibrate
    from corpus_tuner.indexes.filters import parse_filters
    from corpus_tuner.indexes.store.manifest import read_manifest
    from corpus_tuner.indexes.store.segments import fields_of
    from corpus_tuner.indexes.store.soft_delete import remove as remove_documents

    if not ids and not filters:
        raise CorpusTunerError("say which documents: give ids, or --filter field=value")
    filter = parse_filters(filters, fields_of(index, read_manifest(index))) if filters else None
    removal = remove_documents(index, ids or (), filter=filter, dry_run=True)
    if filters and removal.matching and not dry_run and not yes:
        _confirm(index, removal)
    removed = 0
    if not dry_run:
        removed = remove_and_calibrate(
            index, ids or (), filter=filter, trust_remote_code=trust_remote_code
        )
    if json:
        found = {**removal._asdict(), "removed": removed}
        typer.echo(json_module.dumps(found, ensure_ascii=False, indent=2))
        return
    if dry_run:
        stdout.print(plain(f"{_described(removal)} would be removed from {index}"), soft_wrap=True)
    else:
        stdout.print(f"removed {removed:,} documents from {index}", soft_wrap=True)
    if removal.missing:
        stdout.print(
            f"  not there: {_listed(removal.missing, len(removal.missing))}", soft_wrap=True
        )


def _confirm(index: Path, removal: "Removal") -> None:
    """Ask whether the documents are to be removed, where there is a terminal."""
    if sys.stdin.isatty():
        typer.confirm(
            f"{_described(removal)} match. Remove them from {index}?", abort=True, err=True
        )
    elif removal.matching > removal.documents / 2:
        raise CorpusTunerError(
            f"the filter matches {_described(removal)} of {index}, which is more than half: "
            "--dry-run shows what would be removed, and --yes removes it"
        )


def _described(removal: "Removal") -> str:
    """Say how many documents match, and which."""
    named = f" ({_listed(removal.first, removal.matching)})" if removal.first else ""
    return f"{removal.matching:,} of {removal.documents:,} documents{named}"


def _listed(ids: Sequence[str], count: int) -> str:
    """Return the first of some ids, and how many more there are."""
    named = [plain(one).plain for one in ids[:_NAMED]]
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return ", ".join(named) + more
