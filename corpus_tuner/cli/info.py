"""``corpus-tuner info``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.index_calibrate import show_calibration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from corpus_tuner.corpora.skipped_records import Skipped
    from corpus_tuner.indexes.store.manifest import Manifest

_COUNTS = {
    "long_documents": "long documents",
    "cut_sources": "texts cut",
    "written": "generated views",
}
"""Names of counts of the manifest in the table."""


def info(
    index: opt.IndexFolder,
    skipped: Annotated[
        bool,
        typer.Option("--skipped", help="List the records and files left out or repaired."),
    ] = False,
    json: opt.Json = False,
) -> None:
    """Describe an index: its contents, models, weights and metadata fields."""
    from corpus_tuner.building.skipped import read_skipped
    from corpus_tuner.indexes.filters.fields import LANGUAGE_COUNT
    from corpus_tuner.indexes.store.manifest import VIEW_COUNT, read_manifest
    from corpus_tuner.indexes.store.segments import read_fields
    from corpus_tuner.indexes.vectors.rows import vectors_file
    from corpus_tuner.text.language_detection import describe_unread_languages

    manifest = read_manifest(index)
    if skipped:
        _show_skipped(read_skipped(index), json)
        return
    fields = read_fields(index, manifest)
    if json:
        named = {name: asdict(field) for name, field in fields.items()}
        counts = [
            {"corpus": corpus, **one.model_dump(exclude={"named"})}
            for corpus, some in read_skipped(index).items()
            for one in some
        ]
        described = {
            **manifest.model_dump(mode="json"),
            "languages": manifest.languages,
            "fields": named,
            "skipped": counts,
        }
        out.print_json(described)
        return
    build = manifest.build
    shown = out.make_table("", str(index))
    shown.add_row("format", f"version {manifest.version}, generation {manifest.generation}")
    shown.add_row("documents", _describe_documents(manifest))
    shown.add_row("languages", out.format_languages(manifest.languages) or build.language)
    shown.add_row("corpus", out.sanitize(build.corpus))
    shown.add_row("size", f"{manifest.bytes / 2**20:.1f} MiB")
    shown.add_row(
        "encoder",
        out.sanitize(
            f"{manifest.encoder.settings['name']}, {manifest.encoder.dimension} dimensions, "
            f"reads {manifest.encoder.max_tokens} tokens"
        ),
    )
    for identity in build.generators or ["none"]:
        shown.add_row("generator", out.sanitize(identity, 100))
    for kind, count in manifest.views.items():
        shown.add_row(f"{kind} views", f"{count:,}")
    for name, settings in manifest.representations.items():
        vectors = sum(segment.rows[name] for segment in manifest.segments)
        size = sum(
            segment.files[vectors_file(Path(), name).name].bytes for segment in manifest.segments
        )
        chosen = ", ".join(
            f"{key} {value}"
            for key, value in settings.items()
            if key != "name" and value not in (None, {}, [])
        )
        cell = f"{vectors:,} vectors, {size / 2**20:.1f} MiB" + f" ({chosen})" * bool(chosen)
        searched = ", searched" if name == manifest.representation else ""
        shown.add_row(f"representation {name}", out.sanitize(cell + searched))
    shown.add_row("vector search", out.sanitize(_describe_vector_search(manifest)))
    if manifest.lexical:
        chosen = ", ".join(
            f"{key} {' and '.join(value) if isinstance(value, tuple) else value}"
            for key, value in manifest.lexical
            if value
        )
        shown.add_row("lexical", out.sanitize(chosen))
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
    hybrid = out.format_weights(search.hybrid)
    shown.add_row("hybrid weights", f"{hybrid} ({search.fusion} of {search.candidates} candidates)")
    for what, count in manifest.counts.items():
        if what.startswith((LANGUAGE_COUNT, VIEW_COUNT)):
            continue
        shown.add_row(_COUNTS.get(what, what.replace("_", " ")), f"{count:,}")
    for name, field in fields.items():
        types = ", ".join(
            kind if count == field.documents else f"{kind} {count:,}"
            for kind, count in field.types.items()
        )
        shown.add_row(
            out.sanitize(f"field {name}", 60), out.sanitize(f"{types} in {field.documents:,}")
        )
    for some in read_skipped(index).values():
        for one in some:
            shown.add_row(_describe_treatment(one), out.sanitize(f"{one.count:,} {one.reason}"))
    out.stdout.print(shown)
    unread = describe_unread_languages(str(manifest.encoder.settings["name"]), manifest.languages)
    if unread:
        out.print_line("")
        out.print_label("warning", unread, "yellow")
    if manifest.calibration:
        calibration = manifest.calibration
        documents = out.format_count(calibration.documents, "document")
        since = f", {manifest.changed:,} changed since" if manifest.changed else ""
        title = f"\ncalibrated on {documents}{since}:"
        out.print_line(title, style="bold")
        show_calibration(calibration)


def _describe_treatment(skipped: "Skipped") -> str:
    return "read with a repair" if skipped.repaired else "left out"


def _show_skipped(skipped: "Mapping[str, Sequence[Skipped]]", json: bool) -> None:
    """Print the records and files that were left out or repaired, by corpus and reason."""
    if json:
        listed = [
            {"corpus": corpus, **one.model_dump(mode="json")}
            for corpus, some in skipped.items()
            for one in some
        ]
        out.print_json(listed)
        return
    if not skipped:
        out.print_line("nothing was left out, or read with a repair")
    for corpus, some in skipped.items():
        out.print_line(out.sanitize(corpus), style="bold")
        for one in some:
            title = f"  {_describe_treatment(one)}: {one.reason}: {one.count:,}"
            out.print_line(out.sanitize(title))
            for name in one.named:
                out.print_line(f"    {out.sanitize(name)}")
            if one.count > len(one.named):
                out.print_line(f"    and {one.count - len(one.named):,} more")


def _describe_documents(manifest: "Manifest") -> str:
    """Return the numbers of documents, segments and deleted documents."""
    segments = out.format_count(len(manifest.segments), "segment")
    deleted = sum(segment.documents for segment in manifest.segments) - manifest.documents
    return f"{manifest.documents:,} in {segments}" + (f", {deleted:,} deleted" if deleted else "")


def _describe_vector_search(manifest: "Manifest") -> str:
    """Return how vectors are searched, and with which recall."""
    requested, recall = manifest.vectors.settings, manifest.vectors.recall
    if not manifest.ann_indexes:
        return "exact" if requested.index == "flat" else f"exact (too few for {requested.index})"
    size = sum(file.bytes for file in manifest.ann_indexes)
    parameters = ", ".join(f"{name} {value}" for name, value in manifest.vectors.parameters.items())
    measured = "not measured" if recall is None else f"{recall:.4f}"
    return f"{requested.index}, {size / 2**20:.1f} MiB, recall@100 {measured} ({parameters})"
