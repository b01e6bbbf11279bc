"""``corpus-tuner index export``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.core.counts import format_count


def export(
    index: opt.IndexFolder,
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE|ADDRESS",
            help="index.tar for the index; corpus.jsonl, corpus.jsonl.gz or - (standard output) "
            "for its documents as JSON lines; or a collection of Qdrant, which is synchronized "
            "with the index: qdrant://HOST[:PORT]/NAME.",
        ),
    ],
) -> None:
    """Export an index as one file, its documents as JSON lines, or an index in Qdrant."""
    from corpus_tuner.indexes.qdrant.address import is_address

    if is_address(target):
        _export_to_qdrant(index, target)
        return
    if "://" in target:
        raise typer.BadParameter(f"{target} is no address that is known: qdrant://HOST/NAME is")
    if target == "-" or target.removesuffix(".gz").endswith(".jsonl"):
        _export_json_lines(index, target)
        return
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.store.archive import export_index

    file = Path(target)
    with show_activity("exporting"):
        manifest = export_index(index, file)
    size = file.stat().st_size / 2**20
    out.print_line(f"{file}: {format_count(manifest.documents, 'document')}, {size:.1f} MiB")


def _export_json_lines(index: Path, target: str) -> None:
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
    out.print_line(f"{target}: {format_count(documents, 'document')}")


def _export_to_qdrant(index: Path, target: str) -> None:
    from corpus_tuner.indexes.qdrant.address import parse_address
    from corpus_tuner.indexes.qdrant.export import export_to_qdrant

    done = export_to_qdrant(index, parse_address(target))
    counts = {
        "added": done.added,
        "changed": done.changed,
        "removed": done.removed,
        "with new idf weights": done.terms,
    }
    changes = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    documents = format_count(done.documents, "document")
    out.print_line(f"{target}: {documents}; {changes or 'nothing was to be done'}")
