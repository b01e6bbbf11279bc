"""``corpus-tuner export`` and ``corpus-tuner import``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.options import QuietOption
from corpus_tuner.cli.output import stdout


def export(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    file: Annotated[Path, typer.Argument(help="The file that is made, such as index.tar.")],
    quiet: QuietOption = False,
) -> None:
    """Write an index and its ledger into one file."""
    from corpus_tuner.indexes.store.archive import export_index
    from corpus_tuner.progress import working

    with working("exporting"):
        manifest = export_index(index, file)
    size = file.stat().st_size / 2**20
    stdout.print(f"{file}: {manifest.documents:,} documents, {size:.1f} MiB", soft_wrap=True)


def import_(
    file: Annotated[Path, typer.Argument(help="A file that corpus-tuner export made.")],
    index: Annotated[Path, typer.Argument(help="The folder that is made.")],
    quiet: QuietOption = False,
) -> None:
    """Make an index of an exported file, which is checked."""
    from corpus_tuner.indexes.store.archive import import_index
    from corpus_tuner.progress import working

    with working("importing"):
        manifest = import_index(file, index)
    stdout.print(f"{index}: {manifest.documents:,} documents, all files right", soft_wrap=True)
