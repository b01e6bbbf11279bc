"""``corpus-tuner info``."""

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli.calibrate import show_calibration
from corpus_tuner.cli.options import JsonOption
from corpus_tuner.cli.output import plain, stdout, table, weights

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.manifest import Manifest


def info(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what an index holds and how it was made."""
    from corpus_tuner.indexes.store.layout import vectors_file
    from corpus_tuner.indexes.store.manifest import read_manifest
    from corpus_tuner.indexes.store.manifest import verify as verify_files
    from corpus_tuner.indexes.store.segments import fields_of

    manifest = read_manifest(index)
    if verify:
        verify_files(index, manifest.segments)
    fields = fields_of(index, manifest)
    if json:
        named = {name: field._asdict() for name, field in fields.items()}
        shown_json = {**manifest.model_dump(mode="json"), "fields": named}
        typer.echo(json_module.dumps(shown_json, ensure_ascii=False, indent=2))
        return
    build = manifest.build
    shown = table("", str(index))
    shown.add_row("format", f"version {manifest.version}, generation {manifest.generation}")
    shown.add_row("documents", _documents(manifest))
    shares = (f"{code} {share:.0%}" for code, share in build["languages"].items())
    several = len(build["languages"]) > 1
    shown.add_row(
        "languages" if several else "language", ", ".join(shares) if several else build["language"]
    )
    shown.add_row("corpus", plain(build["corpus"]))
    checked = ", checksums right" if verify else ""
    shown.add_row("size", f"{manifest.bytes / 2**20:.1f} MiB{checked}")
    shown.add_row(
        "encoder",
        plain(
            f"{manifest.encoder.settings['name']}, {manifest.encoder.dimension} dimensions, "
            f"reads {manifest.encoder.max_tokens} tokens"
        ),
    )
    for identity in build["generators"] or ["none"]:
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
    shown.add_row("vectors found by", plain(_engine(manifest)))
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
    shown.add_row("hybrid weights", f"{hybrid} ({search.fusion} over {search.pool} documents)")
    for what, count in manifest.counts.items():
        shown.add_row(what.replace("_", " "), f"{count:,}")
    for name, field in fields.items():
        types = ", ".join(
            kind if count == field.documents else f"{kind} {count:,}"
            for kind, count in field.types.items()
        )
        shown.add_row(plain(f"field {name}", 60), plain(f"{types} in {field.documents:,}"))
    for reason, count in build["skipped"].items():
        shown.add_row("left out or mended", plain(f"{count:,} {reason}"))
    for warning in build.get("warnings", ()):
        shown.add_row("warning", plain(warning))
    stdout.print(shown)
    if manifest.calibration:
        from corpus_tuner.calibration import Calibration

        calibration = Calibration.model_validate(manifest.calibration)
        since = f", {manifest.changed:,} changed since" if manifest.changed else ""
        title = f"\ncalibrated on {calibration.documents:,} documents{since}:"
        stdout.print(title, style="bold")
        show_calibration(calibration)


def _documents(manifest: "Manifest") -> str:
    """Say how many documents there are, in which segments."""
    count = len(manifest.segments)
    segments = "1 segment" if count == 1 else f"{count} segments"
    hidden = sum(segment.documents for segment in manifest.segments) - manifest.documents
    return f"{manifest.documents:,} in {segments}" + (f", {hidden:,} hidden" if hidden else "")


def _engine(manifest: "Manifest") -> str:
    """Return in words what finds vectors, and how well."""
    settings, recall = manifest.vectors.settings, manifest.vectors.recall
    if manifest.engine == "flat":
        return "flat" if settings.name == "flat" else f"flat ({settings.name} where there are more)"
    size = sum(file.bytes for file in manifest.structures)
    chosen = ", ".join(f"{key} {value}" for key, value in settings if key != "name")
    measured = "not measured" if recall is None else f"{recall:.4f}"
    return f"{settings.name}, {size / 2**20:.1f} MiB, recall@100 {measured} ({chosen})"
