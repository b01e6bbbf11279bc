"""``corpus-tuner index merge``."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.options import JsonOption, QuietOption
from corpus_tuner.cli.output import stdout


def merge(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Make one segment of all, without what was removed.

    Nothing is encoded again.
    """
    from corpus_tuner.building.merge import merge as merge_index
    from corpus_tuner.core.progress import show_activity

    with show_activity("merging segments"):
        manifest = merge_index(index)
    if json:
        found = {"documents": manifest.documents, "bytes": manifest.bytes}
        typer.echo(json_module.dumps(found, indent=2))
        return
    stdout.print(
        f"{index}: {manifest.documents:,} documents in {len(manifest.segments)} segment(s), "
        f"{manifest.bytes / 2**20:.1f} MiB",
        soft_wrap=True,
    )
