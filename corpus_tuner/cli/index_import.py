"""``corpus-tuner index import``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import output as out
from corpus_tuner.core.counts import format_count


def import_(
    file: Annotated[Path, typer.Argument(help="File of corpus-tuner index export.")],
    index: Annotated[Path, typer.Argument(help="New folder of the index.")],
) -> None:
    """Import an index from an exported file, and verify its checksums."""
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.store.archive import import_index

    with show_activity("importing"):
        manifest = import_index(file, index)
    documents = format_count(manifest.documents, "document")
    out.print_line(f"{index}: {documents}, all checksums are right")
