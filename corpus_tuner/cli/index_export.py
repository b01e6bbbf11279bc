"""``corpus-tuner index export``."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.options import JsonOption, QuietOption
from corpus_tuner.cli.output import stdout


def export(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE|ADDRESS",
            help="The file that is made: index.tar for the index; corpus.jsonl, corpus.jsonl.gz or "
            "- (standard output) for its documents, one JSON object a line. Or a collection of "
            "Qdrant that is made equal to the index: qdrant://HOST[:PORT]/NAME.",
        ),
    ],
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Write an index into one file, its documents as JSON lines, or an index in Qdrant."""
    from corpus_tuner.indexes.qdrant.address import is_address

    if is_address(target):
        _to_qdrant(index, target, json)
        return
    if "://" in target:
        raise typer.BadParameter(f"{target} is no address that is known: qdrant://HOST/NAME is")
    if json:
        raise typer.BadParameter("--json is for an address")
    if target == "-" or target.removesuffix(".gz").endswith(".jsonl"):
        _to_json_lines(index, target)
        return
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.store.archive import export_index

    file = Path(target)
    with show_activity("exporting"):
        manifest = export_index(index, file)
    size = file.stat().st_size / 2**20
    stdout.print(f"{file}: {manifest.documents:,} documents, {size:.1f} MiB", soft_wrap=True)


def _to_json_lines(index: Path, target: str) -> None:
    """Write the documents of an index as JSON lines."""
    from corpus_tuner.core.progress import track
    from corpus_tuner.indexes.store.json_export import open_json_lines, write_documents

    with open_json_lines(index) as (documents, lines):
        shown = track(lines, "exporting", lambda: documents)
        if target == "-":
            for line in shown:
                sys.stdout.buffer.write(line)
            sys.stdout.flush()
            return
        write_documents(shown, Path(target))
    stdout.print(f"{target}: {documents:,} documents", soft_wrap=True)


def _to_qdrant(index: Path, target: str, json: bool) -> None:
    """Make a collection equal to an index, and say what that took."""
    import json as json_

    from corpus_tuner.core.progress import track
    from corpus_tuner.indexes.qdrant.address import parse_address
    from corpus_tuner.indexes.qdrant.export import Export

    with Export(index, parse_address(target)) as exported:
        total = exported.manifest.documents
        for _ in track(exported.batches(), "exporting", lambda: total, int):
            pass
    done = exported.done
    if json:
        typer.echo(json_.dumps(asdict(done)))
        return
    changes = {
        "added": done.added,
        "changed": done.changed,
        "removed": done.removed,
        "with new worth of terms": done.terms,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in changes.items() if count)
    stdout.print(
        f"{target}: {done.documents:,} documents; {said or 'nothing was to be done'}",
        soft_wrap=True,
    )
