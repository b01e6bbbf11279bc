"""``corpus-tuner info``."""

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from corpus_tuner.cli.index_calibrate import show_calibration
from corpus_tuner.cli.options import JsonOption
from corpus_tuner.cli.output import language_list, plain, stdout, table, weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from corpus_tuner.corpora.skipped_records import Skipped
    from corpus_tuner.indexes.store.manifest import Manifest


def info(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    skipped: Annotated[
        bool,
        typer.Option(
            "--skipped", help="List the records and files left out, or read with a repair."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what an index has and how it was made."""
    from corpus_tuner.building.skipped import read_skipped
    from corpus_tuner.indexes.filters.fields import LANGUAGE_COUNT
    from corpus_tuner.indexes.store.manifest import read_manifest
    from corpus_tuner.indexes.store.manifest import verify as verify_files
    from corpus_tuner.indexes.store.segments import fields_of
    from corpus_tuner.indexes.vectors.rows import vectors_file
    from corpus_tuner.text.language_detection import describe_unread_languages

    manifest = read_manifest(index)
    if skipped:
        _show_skipped(read_skipped(index), json)
        return
    if verify:
        verify_files(index, manifest.segments)
    fields = fields_of(index, manifest)
    if json:
        named = {name: asdict(field) for name, field in fields.items()}
        counts = [
            {"corpus": corpus, **one.model_dump(exclude={"named"})}
            for corpus, some in read_skipped(index).items()
            for one in some
        ]
        shown_json = {
            **manifest.model_dump(mode="json"),
            "languages": manifest.languages,
            "fields": named,
            "skipped": counts,
        }
        typer.echo(json_module.dumps(shown_json, ensure_ascii=False, indent=2))
        return
    build = manifest.build
    shown = table("", str(index))
    shown.add_row("format", f"version {manifest.version}, generation {manifest.generation}")
    shown.add_row("documents", _documents(manifest))
    shown.add_row("languages", language_list(manifest.languages) or build.language)
    shown.add_row("corpus", plain(build.corpus))
    checked = ", checksums right" if verify else ""
    shown.add_row("size", f"{manifest.bytes / 2**20:.1f} MiB{checked}")
    shown.add_row(
        "encoder",
        plain(
            f"{manifest.encoder.settings['name']}, {manifest.encoder.dimension} dimensions, "
            f"reads {manifest.encoder.max_tokens} tokens"
        ),
    )
    for identity in build.generators or ["none"]:
        shown.add_row("generator", plain(identity, 100))
    for kind, count in manifest.views.items():
        shown.add_row(f"{kind} views", f"{count:,}")
    for name, settings in manifest.representations.items():
        vectors = sum(segment.rows[name] for segment in manifest.segments)
        size = sum(
            segment.files[vectors_file(Path(), name).name].bytes for segment in manifest.segments
        )
        chosen = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "name")
        cell = f"{vectors:,} vectors, {size / 2**20:.1f} MiB" + f" ({chosen})" * bool(chosen)
        searched = ", searched" if name == manifest.representation else ""
        shown.add_row(f"representation {name}", plain(cell + searched))
    shown.add_row("vector search", plain(_describe_vector_search(manifest)))
    if manifest.lexical:
        chosen = ", ".join(
            f"{key} {' and '.join(value) if isinstance(value, tuple) else value}"
            for key, value in manifest.lexical
            if value
        )
        shown.add_row("lexical", plain(chosen))
        for ranker in manifest.lexical.rankers:
            size = sum(
                file.bytes
                for segment in manifest.segments
                for name, file in segment.files.items()
                if name.startswith(f"{ranker}.")
            )
            how = getattr(manifest.search, ranker)
            shown.add_row(ranker, f"{size / 2**20:.1f} MiB (BM25, k1 {how.k1:g}, b {how.b:g})")
    search = manifest.search
    shown.add_row("dense weights", f"views {search.dense.views:g}")
    hybrid = weights(search.hybrid)
    shown.add_row("hybrid weights", f"{hybrid} ({search.fusion} of {search.candidates} candidates)")
    for what, count in manifest.counts.items():
        if what.startswith(LANGUAGE_COUNT):
            continue
        shown.add_row(what.replace("_", " "), f"{count:,}")
    for name, field in fields.items():
        types = ", ".join(
            kind if count == field.documents else f"{kind} {count:,}"
            for kind, count in field.types.items()
        )
        shown.add_row(plain(f"field {name}", 60), plain(f"{types} in {field.documents:,}"))
    for some in read_skipped(index).values():
        for one in some:
            shown.add_row(_what_happened(one), plain(f"{one.count:,} {one.reason}"))
    stdout.print(shown)
    unread = describe_unread_languages(str(manifest.encoder.settings["name"]), manifest.languages)
    if unread:
        stdout.print(Text.assemble(("\nwarning: ", "yellow"), unread), soft_wrap=True)
    if manifest.calibration:
        calibration = manifest.calibration
        since = f", {manifest.changed:,} changed since" if manifest.changed else ""
        title = f"\ncalibrated on {calibration.documents:,} documents{since}:"
        stdout.print(title, style="bold")
        show_calibration(calibration)


def _what_happened(skipped: "Skipped") -> str:
    return "read with a repair" if skipped.repaired else "left out"


def _show_skipped(skipped: "Mapping[str, Sequence[Skipped]]", json: bool) -> None:
    """Print the records and files that were left out or repaired, by corpus and reason."""
    if json:
        listed = [
            {"corpus": corpus, **one.model_dump(mode="json")}
            for corpus, some in skipped.items()
            for one in some
        ]
        typer.echo(json_module.dumps(listed, ensure_ascii=False, indent=2))
        return
    if not skipped:
        stdout.print("nothing was left out, or read with a repair")
    for corpus, some in skipped.items():
        stdout.print(plain(corpus), style="bold", soft_wrap=True)
        for one in some:
            title = f"  {_what_happened(one)}: {one.reason}: {one.count:,}"
            stdout.print(plain(title), soft_wrap=True)
            for name in one.named:
                stdout.print("   ", plain(name), soft_wrap=True)
            if one.count > len(one.named):
                stdout.print(f"    and {one.count - len(one.named):,} more")


def _documents(manifest: "Manifest") -> str:
    """Say how many documents there are, in which segments."""
    count = len(manifest.segments)
    segments = "1 segment" if count == 1 else f"{count} segments"
    hidden = sum(segment.documents for segment in manifest.segments) - manifest.documents
    return f"{manifest.documents:,} in {segments}" + (f", {hidden:,} hidden" if hidden else "")


def _describe_vector_search(manifest: "Manifest") -> str:
    """Return how vectors are searched, and with which recall."""
    requested, recall = manifest.vectors.settings, manifest.vectors.recall
    if not manifest.ann_indexes:
        return "exact" if requested.index == "flat" else f"exact (too few for {requested.index})"
    size = sum(file.bytes for file in manifest.ann_indexes)
    parameters = ", ".join(f"{name} {value}" for name, value in manifest.vectors.parameters.items())
    measured = "not measured" if recall is None else f"{recall:.4f}"
    return f"{requested.index}, {size / 2**20:.1f} MiB, recall@100 {measured} ({parameters})"
