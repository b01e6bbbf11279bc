"""``corpus-tuner remove``."""

import json as json_module
from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.options import FilterOption, JsonOption
from corpus_tuner.cli.output import stdout
from corpus_tuner.errors import CorpusTunerError


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
    from corpus_tuner.indexes.store.removing import remove as remove_documents

    if not ids and not filters:
        raise CorpusTunerError("say which documents: give ids, or --filter field=value")
    removed = remove_documents(index, ids or (), filter=parse_filters(filters) if filters else None)
    if json:
        typer.echo(json_module.dumps({"removed": removed}, ensure_ascii=False, indent=2))
        return
    stdout.print(f"removed {len(removed):,} documents from {index}", soft_wrap=True)
