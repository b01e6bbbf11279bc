"""``corpus-tuner info``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.index_calibrate import show_calibration
from corpus_tuner.core.counts import format_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from corpus_tuner.corpora.skipped_records import Skipped
    from corpus_tuner.indexes.store.manifest import Manifest

_COUNTS = {
    "split_documents": "split documents",
    "cut_sources": "texts cut",
    "unanswered": "no generated text",
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
    from corpus_tuner.indexes.store.manifest import read_manifest
    from corpus_tuner.indexes.store.segments import read_fields
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
    shown = out.make_table("", str(index))
    for name, cell in _list_rows(manifest):
        shown.add_row(name, out.sanitize(cell))
    for name, field in fields.items():
        types = ", ".join(
            kind if count == field.documents else f"{kind} {count:,}"
            for kind, count in field.types.items()
        )
        values = out.sanitize(f"{types} in {field.documents:,}")
        shown.add_row(out.sanitize(f"field {name}", 60), values)
    for one in (one for some in read_skipped(index).values() for one in some):
        shown.add_row(_describe_treatment(one), out.sanitize(f"{one.count:,} {one.reason}"))
    out.stdout.print(shown)
    unread = describe_unread_languages(str(manifest.encoder.settings["name"]), manifest.languages)
    if unread:
        out.print_line("")
        out.print_label("warning", unread, "yellow")
    if manifest.calibration:
        calibration = manifest.calibration
        documents = format_count(calibration.documents, "document")
        since = f", {manifest.changed:,} changed since" if manifest.changed else ""
        title = f"\ncalibrated on {documents}{since}:"
        out.print_line(title, style="bold")
        show_calibration(calibration)


def _list_rows(manifest: "Manifest") -> "Iterator[tuple[str, str]]":
    """Yield what the manifest says of an index: names and values."""
    from corpus_tuner.indexes.filters.fields import LANGUAGE_COUNT
    from corpus_tuner.indexes.store.manifest import VIEW_COUNT
    from corpus_tuner.indexes.vectors.rows import vectors_file

    build, encoder, search = manifest.build, manifest.encoder, manifest.search
    yield "format", f"version {manifest.version}, generation {manifest.generation}"
    segments = format_count(len(manifest.segments), "segment")
    deleted = sum(segment.documents for segment in manifest.segments) - manifest.documents
    documents = f"{manifest.documents:,} in {segments}"
    yield "documents", documents + (f", {deleted:,} deleted" if deleted else "")
    yield "languages", out.format_languages(manifest.languages) or build.language
    yield "corpus", build.corpus
    yield "size", _format_size(manifest.bytes)
    size = f"{encoder.dimension} dimensions, reads {encoder.max_tokens} tokens"
    yield "encoder", f"{encoder.settings['name']}, {size}"
    for identity in build.generators or ["none"]:
        yield "generator", out.sanitize(identity, 100).plain
    for kind, count in manifest.views.items():
        yield f"{kind} views", f"{count:,}"
    for name, settings in manifest.representations.items():
        vectors = sum(segment.rows[name] for segment in manifest.segments)
        size = _format_size(_measure_files(manifest, vectors_file(Path(), name).name))
        chosen = _format_settings((key, some) for key, some in settings.items() if key != "name")
        searched = ", searched" * (name == manifest.representation)
        cell = f"{format_count(vectors, 'vector')}, {size}{f' ({chosen})' * bool(chosen)}"
        yield f"representation {name}", cell + searched
    yield "vector search", _describe_vector_search(manifest)
    if manifest.lexical:
        yield "lexical", _format_settings(manifest.lexical)
        for ranker in manifest.lexical.rankers:
            size = _format_size(_measure_files(manifest, f"{ranker}."))
            bm25 = getattr(search, ranker)
            yield ranker, f"{size} (BM25, k1 {bm25.k1:g}, b {bm25.b:g})"
    yield "dense weights", f"views {search.dense.views:g}"
    fusion = f"{search.fusion} of {search.candidates} candidates"
    yield "hybrid weights", f"{out.format_weights(search.hybrid_weights)} ({fusion})"
    if search.reranker:
        yield "reranker", f"{search.reranker.name}, of {search.reranker.candidates} documents"
    for name, count in manifest.counts.items():
        if not name.startswith((LANGUAGE_COUNT, VIEW_COUNT)):
            yield _COUNTS.get(name, name.replace("_", " ")), f"{count:,}"


def _format_size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def _measure_files(manifest: "Manifest", beginning: str) -> int:
    """Return the bytes of the files of all segments whose names begin so."""
    files = [pair for segment in manifest.segments for pair in segment.files.items()]
    return sum(file.bytes for name, file in files if name.startswith(beginning))


def _format_settings(settings: "Iterable[tuple[str, Any]]") -> str:
    """Return the settings that have a value on one line."""
    return ", ".join(
        f"{key} {' and '.join(value) if isinstance(value, tuple) else value}"
        for key, value in settings
        if value not in (None, (), [], {})
    )


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


def _describe_vector_search(manifest: "Manifest") -> str:
    """Return how vectors are searched, and with which recall."""
    found = manifest.vectors
    requested, recall = found.settings, found.recall
    if not manifest.ann_indexes:
        return "exact" if requested.index == "flat" else f"exact (too few for {requested.index})"
    size = _format_size(sum(file.bytes for file in manifest.ann_indexes))
    parameters = ", ".join(f"{name} {value}" for name, value in found.parameters.items())
    measured = "not measured" if recall is None else f"{recall:.4f}"
    if found.query_cosine is not None:
        measured += (
            f" of {format_count(found.queries or 0, 'held-out sentence')}, with a mean cosine of "
            f"{found.query_cosine:.2f} with their documents"
        )
    return f"{requested.index}, {size}, recall@100 {measured} ({parameters})"
