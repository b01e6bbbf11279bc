"""``corpus-tuner build``."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.options import ConfigOption, JsonOption, OnBadRecord, SetOption, settings_of
from corpus_tuner.cli.output import show_build


def build(
    corpus: Annotated[
        str,
        typer.Argument(
            help="A BEIR folder, a .jsonl, .csv or .tsv file (.gz too), a folder of .txt and .md "
            "files, ir_datasets:ID or hf:NAME."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the index.")],
    config: ConfigOption = None,
    assignments: SetOption = None,
    on_bad_record: Annotated[
        Optional[OnBadRecord],  # noqa: UP045
        typer.Option(help="Stop at a record that cannot be used, or leave it out and count it."),
    ] = None,
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger of what was generated; by default in the index."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Build the index of a corpus; run it again to go on after a kill, or after changes."""
    settings = settings_of(config, assignments, on_bad_record)
    from corpus_tuner.pipeline import build as build_index

    report = build_index(corpus, output, settings, ledger=ledger)
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show_build(report)
