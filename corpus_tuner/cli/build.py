"""``corpus-tuner build``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.index_calibrate import describe_failing
from corpus_tuner.core.counts import format_count

if TYPE_CHECKING:
    from corpus_tuner.building.diff import Changes
    from corpus_tuner.building.report import BuildReport
    from corpus_tuner.config.recipe import Recipe


def build(
    corpus: Annotated[
        str,
        typer.Argument(
            help="BEIR folder; .jsonl, .json, .csv or .tsv file (.gz too); .xlsx or .parquet file; "
            "document (text, Markdown, HTML, PDF and others) or folder of documents; "
            "ir_datasets:ID or hf:NAME."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the index.")],
    config: opt.Config = None,
    encoder: opt.Encoder = None,
    assignments: opt.Set = None,
    include: opt.Include = None,
    exclude: opt.Exclude = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Read only the first N documents, as a sample.", metavar="N"),
    ] = None,
    ledger: opt.Ledger = None,
    tune_encoder: Annotated[
        bool,
        typer.Option(
            "--tune-encoder",
            help="Fine-tune the encoder on the corpus first (stored as OUTPUT.encoder), and use it "
            "if it is better on held-out documents.",
        ),
    ] = False,
    tune_generator: Annotated[
        bool,
        typer.Option(
            "--tune-generator",
            help="Fine-tune the generator first, on the texts that it writes of the corpus and the "
            "checks accept (stored as OUTPUT.generator). --set takes the settings of the "
            "fine-tuning as well, such as rounds=2.",
        ),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Rebuild the whole index.")] = False,
    sync: Annotated[
        bool,
        typer.Option(
            "--sync", help="Replace an index of another corpus, even if most documents are removed."
        ),
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Distribute the build over a Ray cluster: local (this machine), auto (the cluster "
            "that this machine belongs to), or HOST:PORT.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only say how many documents would be indexed, and estimate the tokens and the "
            "cost of generators behind an address; nothing is written or sent.",
        ),
    ] = False,
    json: opt.Json = False,
) -> None:
    """Build an index of a corpus, or update one to equal the corpus (incremental indexing).

    A build that was interrupted is resumed.
    """
    values = {
        "encoder.name": encoder,
        "corpus.include": include,
        "corpus.exclude": exclude,
        "corpus.limit": limit,
    }
    tuning = None
    if tune_generator:
        from corpus_tuner.config.generator_tuning import GeneratorTuningSettings

        tuning, assignments = opt.read_tuning_settings(GeneratorTuningSettings, None, assignments)
    recipe = opt.read_recipe(config, assignments, values)
    if dry_run:
        _preview(corpus, output, recipe, ledger, json)
        return
    from corpus_tuner.building.pipeline import build as build_index

    if tune_encoder:
        from corpus_tuner.tuning.encoder.tune import tune_encoder_for_index

        recipe = tune_encoder_for_index(corpus, output, recipe)
    if tune_generator:
        from corpus_tuner.tuning.generator.tune import tune_generator_for_index

        recipe = tune_generator_for_index(corpus, output, recipe, tuning)
    report = build_index(
        corpus, output, recipe, ledger=ledger, fresh=fresh, sync=sync, announce=_announce, ray=ray
    )
    if json:
        out.print_json(report)
    else:
        show_report(report)


def _preview(corpus: str, output: Path, recipe: "Recipe", ledger: Path | None, json: bool) -> None:
    from corpus_tuner.building.preview import preview_build

    preview = preview_build(corpus, output, recipe, ledger=ledger)
    if json:
        out.print_json(preview)
        return
    out.print_line(f"to do: {_describe(preview.changes)}")
    for cost in preview.costs:
        out.print_line(cost.describe())


def _announce(changes: "Changes") -> None:
    out.print_line(f"to do: {_describe(changes)}", style="dim", console=out.stderr)


def _describe(changes: "Changes") -> str:
    return ", ".join(f"{count:,} {name}" for name, count in changes)


def show_report(report: "BuildReport") -> None:
    """Print what an index contains after a build, and what was skipped."""
    views = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.views.items()))
    changes = report.changes
    existed = changes.unchanged or changes.changed or changes.removed
    state = "up to date" if report.unchanged else "updated" if existed else "built"
    segments = f", {report.segments:,} segments" if report.segments > 1 else ""
    documents = format_count(report.documents, "document")
    summary = f" {state}: {documents} ({report.language}{segments})"
    out.print_line(Text.assemble((report.index, "bold"), summary))
    if changes.unchanged or changes.removed:
        out.print_line(f"  documents: {_describe(changes)}")
    out.print_line(f"  views: {views}")
    if len(report.languages) > 1:
        out.print_line(f"  languages: {out.format_languages(report.languages)}")
    if report.unread:
        out.print_label("  warning", report.unread, "yellow")
    origin = "calibrated" if report.calibrated else "default"
    out.print_line(
        f"  weights of hybrid search, {origin}: {out.format_weights(report.search.hybrid_weights)}"
    )
    if report.uncalibrated:
        out.print_line(f"  not calibrated: {report.uncalibrated}")
    if report.failing:
        out.print_line(f"  {describe_failing(report.failing)}")
    if report.recall is not None:
        out.print_line(
            f"  approximate search by {report.vector_index}: recall@100 {report.recall:.4f}"
        )
    elif report.vector_index != report.requested_index:
        out.print_line(
            f"  too few vectors for {report.requested_index}: exact search (vectors.min_rows)"
        )
    if report.split_documents:
        out.print_line(
            f"  longer than the encoder reads, so split into passages: "
            f"{format_count(report.split_documents, 'document')}"
        )
    if report.cut_sources:
        texts = format_count(report.cut_sources, "text")
        out.print_line(f"  the generator could not read {texts} to the end")
    if report.unanswered:
        times = format_count(report.unanswered, "time")
        out.print_line(f"  {times} the generator gave no text, or none that can be used")
    for cost in report.costs:
        out.print_line(f"  {cost.describe()}")
    if report.rejected:
        rejected = sum(report.rejected.values())
        out.print_line(f"  checks rejected {rejected:,} of {report.written:,} generated views:")
        for reason, count in sorted(report.rejected.items(), key=lambda entry: -entry[1]):
            out.print_line(f"    {count:>7,}  {reason}")
    _show_skipped(report)


def _show_skipped(report: "BuildReport") -> None:
    """Print what was skipped or repaired; only the sums if earlier builds have shown it."""
    if not report.skipped:
        return
    repaired = {reason: report.skipped[reason] for reason in report.repaired}
    left_out = {reason: n for reason, n in report.skipped.items() if reason not in repaired}
    command = f"corpus-tuner info {report.index} --skipped"
    if report.skipped_changed:
        out.show_skipped("left out", left_out, report.examples)
        out.show_skipped("read with a repair", repaired, report.examples)
        out.print_line(f"  all of them: {command}")
        return
    parts = (("left out", left_out), ("read with a repair", repaired))
    sums = ", ".join(f"{what} {sum(some.values()):,}" for what, some in parts if some)
    out.print_line(f"  as before: {sums} ({command})")
