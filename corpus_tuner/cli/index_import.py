"""``corpus-tuner index import``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.options import QuietOption
from corpus_tuner.cli.output import stdout


def import_(
    file: Annotated[Path, typer.Argument(help="A file that corpus-tuner index export made.")],
    index: Annotated[Path, typer.Argument(help="The folder that is made.")],
    quiet: QuietOption = False,
) -> None:
    """Make an index of an exported file, which is checked."""
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.store.archive import import_index

    with show_activity("importing"):
        manifest = import_index(file, index)
    stdout.print(f"{index}: {manifest.documents:,} documents, all files right", soft_wrap=True)
