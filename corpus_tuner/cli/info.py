"""``corpus-tuner info``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.calibrate import show_calibration
from corpus_tuner.cli.options import JsonOption
from corpus_tuner.cli.output import plain, stdout, table, weights


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

    manifest = read_manifest(index)
    if verify:
        verify_files(index, manifest)
    if json:
        typer.echo(manifest.model_dump_json(indent=2))
        return
    build = manifest.build
    documents = sum(segment.documents for segment in manifest.segments)
    size = sum(file.bytes for segment in manifest.segments for file in segment.files.values())
    shown = table("", str(index))
    shown.add_row("format", f"version {manifest.version}")
    shown.add_row("documents", f"{documents:,} in {len(manifest.segments)} segment(s)")
    shown.add_row("language", build["language"])
    shown.add_row("corpus", plain(build["corpus"]["source"]))
    shown.add_row("size", f"{size / 2**20:.1f} MiB" + (", checksums right" if verify else ""))
    shown.add_row(
        "encoder",
        plain(
            f"{manifest.encoder.settings['name']}, {manifest.encoder.dimension} dimensions, "
            f"reads {manifest.encoder.max_tokens} tokens"
        ),
    )
    for identity in build["generators"] or ["none"]:
        shown.add_row("generator", plain(identity, 100))
    for segment in manifest.segments:
        for kind, count in segment.views.items():
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
    if manifest.lexical:
        chosen = ", ".join(f"{key} {value}" for key, value in manifest.lexical if value)
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
    for what, count in build["counts"].items():
        shown.add_row(what.replace("_", " "), f"{count:,}")
    for reason, count in build["skipped"].items():
        shown.add_row("bad records", plain(f"{count:,} {reason}"))
    stdout.print(shown)
    if manifest.calibration:
        from corpus_tuner.calibration import Calibration

        stdout.print("\ncalibrated:", style="bold")
        show_calibration(Calibration.model_validate(manifest.calibration))
