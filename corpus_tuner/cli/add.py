"""``corpus-tuner add``."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.build import show_report
from corpus_tuner.cli.options import (
    ExcludeOption,
    IncludeOption,
    JsonOption,
    OnBadRecord,
    QuietOption,
    TrustOption,
)


def add(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    source: Annotated[str, typer.Argument(help="The documents, as corpus-tuner build takes them.")],
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    on_bad_record: Annotated[
        OnBadRecord,
        typer.Option(help="Stop at a record that cannot be used, or leave it out and count it."),
    ] = "fail",
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger of what was generated; by default in the index."),
    ] = None,
    trust_remote_code: TrustOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Add documents to an index.

    One whose id it has replaces the one that has it.
    """
    from corpus_tuner.adding import add as add_documents
    from corpus_tuner.corpora import CorpusSettings

    report = add_documents(
        index,
        source,
        corpus=CorpusSettings(
            on_bad_record=on_bad_record, include=tuple(include or ()), exclude=tuple(exclude or ())
        ),
        ledger=ledger,
        trust_remote_code=trust_remote_code,
    )
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show_report(report)
