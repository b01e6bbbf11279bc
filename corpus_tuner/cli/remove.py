"""``corpus-tuner remove``."""

import json as json_module
from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.options import FilterOption, JsonOption
from corpus_tuner.cli.output import plain, stdout
from corpus_tuner.errors import CorpusTunerError

_NAMED = 10


def remove(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    ids: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Ids of documents; those that there are not are passed over."),
    ] = None,
    filters: FilterOption = None,
    json: JsonOption = False,
) -> None:
    """Remove documents, by their ids or by their metadata."""
    from corpus_tuner.indexes.search.filters import parse_filters
    from corpus_tuner.indexes.store.manifest import read_manifest
    from corpus_tuner.indexes.store.removing import remove as remove_documents
    from corpus_tuner.indexes.store.segments import fields_of

    if not ids and not filters:
        raise CorpusTunerError("say which documents: give ids, or --filter field=value")
    filter = parse_filters(filters, fields_of(index, read_manifest(index))) if filters else None
    removed = remove_documents(index, ids or (), filter=filter)
    if json:
        typer.echo(json_module.dumps({"removed": removed}, ensure_ascii=False, indent=2))
        return
    stdout.print(f"removed {len(removed):,} documents from {index}", soft_wrap=True)
    missing = sorted({*(ids or ())}.difference(removed))
    if missing:
        named = ", ".join(plain(one).plain for one in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        stdout.print(f"  not there: {named}{more}", soft_wrap=True)
