"""``corpus-tuner build``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.text import Text

from corpus_tuner.cli.index_calibrate import describe_failing
from corpus_tuner.cli.options import (
    ConfigOption,
    EncoderOption,
    ExcludeOption,
    GeneratorOption,
    IncludeOption,
    JsonOption,
    OnBadRecordOption,
    QuietOption,
    SetOption,
    read_recipe,
)
from corpus_tuner.cli.output import language_list, show_skipped, stderr, stdout, weights

if TYPE_CHECKING:
    from corpus_tuner.building.diff import Changes
    from corpus_tuner.building.report import BuildReport


def build(
    corpus: Annotated[
        str,
        typer.Argument(
            help="A BEIR folder, a .jsonl, .json, .csv or .tsv file (.gz too), a .xlsx or .parquet "
            "file, a folder of documents (text, Markdown, HTML, PDF and others) or one of them, "
            "ir_datasets:ID or hf:NAME."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the index.")],
    config: ConfigOption = None,
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    assignments: SetOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    on_bad_record: OnBadRecordOption = None,
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger of what was generated; by default in the index."),
    ] = None,
    tune_encoder: Annotated[
        bool,
        typer.Option(
            "--tune-encoder",
            help="Tune the encoder on the corpus first (kept as OUTPUT.encoder), and build with it "
            "if held-out documents say that it is better.",
        ),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Build all of it anew, whatever is there.")
    ] = False,
    sync: Annotated[
        bool,
        typer.Option(
            "--sync", help="Replace the documents of another corpus, even if most of them go."
        ),
    ] = False,
    ray: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="ADDRESS",
            help="Spread the work over a Ray cluster: local (this machine), auto (the cluster that "
            "this machine is a part of), or HOST:PORT.",
        ),
    ] = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Make an index equal to a corpus, anew or by what has changed.

    A build that was killed goes on where it was.
    """
    settings = read_recipe(
        config, assignments, on_bad_record, encoder, generator, include=include, exclude=exclude
    )
    from corpus_tuner.building.pipeline import build as build_index

    if tune_encoder:
        from corpus_tuner.tuning.encoder.tune import tune_encoder_for_index

        settings = tune_encoder_for_index(corpus, output, settings)
    report = build_index(
        corpus, output, settings, ledger=ledger, fresh=fresh, sync=sync, announce=announce, ray=ray
    )
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show_report(report)


def announce(changes: "Changes") -> None:
    """Say, on standard error, what there is to do."""
    stderr.print(f"to do: {describe(changes)}", style="dim", soft_wrap=True)


def describe(changes: "Changes") -> str:
    """Return what changed, in words."""
    return ", ".join(f"{count:,} {what}" for what, count in changes)


def show_report(report: "BuildReport") -> None:
    """Print what an index has become, and whatever could not be used."""
    views = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.views.items()))
    state = "up to date" if report.unchanged else "built"
    segments = f", {report.segments} segments" if report.segments > 1 else ""
    stdout.print(
        Text.assemble(
            (report.index, "bold"),
            f" {state}: {report.documents:,} documents ({report.language}{segments})",
        ),
        soft_wrap=True,
    )
    if report.changes.unchanged or report.changes.removed:
        stdout.print(f"  documents: {describe(report.changes)}", soft_wrap=True)
    stdout.print(f"  views: {views}", soft_wrap=True)
    if len(report.languages) > 1:
        stdout.print(f"  languages: {language_list(report.languages)}", soft_wrap=True)
    if report.unread:
        stdout.print(Text.assemble(("  warning: ", "yellow"), report.unread), soft_wrap=True)
    how = "calibrated" if report.calibrated else "as configured"
    stdout.print(
        f"  weights of hybrid search, {how}: {weights(report.search.hybrid)}", soft_wrap=True
    )
    if report.uncalibrated:
        stdout.print(f"  not calibrated: {report.uncalibrated}", soft_wrap=True)
    if report.failing:
        stdout.print(f"  {describe_failing(report.failing)}", soft_wrap=True)
    if report.recall is not None:
        stdout.print(
            f"  approximate search by {report.vector_index}: recall@100 {report.recall:.4f}",
            soft_wrap=True,
        )
    elif report.vector_index != report.requested_index:
        stdout.print(
            f"  too few vectors for {report.requested_index}: exact search (vectors.min_rows)",
            soft_wrap=True,
        )
    if report.long_documents:
        stdout.print(
            f"  {report.long_documents:,} documents are longer than the encoder reads and have "
            "several passages",
            soft_wrap=True,
        )
    if report.cut_sources:
        stdout.print(f"  the generator could not read {report.cut_sources:,} texts to their end")
    if report.rejected:
        rejected = sum(report.rejected.values())
        stdout.print(f"  checks rejected {rejected:,} of {report.written:,} generated views:")
        for reason, count in sorted(report.rejected.items(), key=lambda entry: -entry[1]):
            stdout.print(f"    {count:>7,}  {reason}", soft_wrap=True)
    _show_skipped(report)


def _show_skipped(report: "BuildReport") -> None:
    """Print what was left out or repaired; its sum alone if that is known from earlier builds."""
    if not report.skipped:
        return
    repaired = {reason: report.skipped[reason] for reason in report.repaired}
    left_out = {reason: n for reason, n in report.skipped.items() if reason not in repaired}
    everything = f"corpus-tuner info {report.index} --skipped"
    if report.skipped_changed:
        show_skipped("left out", left_out, report.examples)
        show_skipped("read with a repair", repaired, report.examples)
        stdout.print(f"  all of them: {everything}", soft_wrap=True, markup=False)
        return
    parts = (("left out", left_out), ("read with a repair", repaired))
    sums = ", ".join(f"{what} {sum(some.values()):,}" for what, some in parts if some)
    stdout.print(f"  as before: {sums} ({everything})", soft_wrap=True, markup=False)
