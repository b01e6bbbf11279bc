"""``corpus-tuner index add``."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.build import show_report
from corpus_tuner.cli.options import (
    ExcludeOption,
    IncludeOption,
    JsonOption,
    OnBadRecordOption,
    QuietOption,
    TrustOption,
    read_recipe,
)


def add(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    source: Annotated[str, typer.Argument(help="The documents, as corpus-tuner build takes them.")],
    assignments: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--set",
            metavar="CORPUS.KEY=VALUE",
            help="How to read the documents, such as corpus.text=body; repeatable.",
        ),
    ] = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    on_bad_record: OnBadRecordOption = None,
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
    for assignment in assignments or ():
        if not assignment.startswith("corpus."):
            raise typer.BadParameter(
                f"{assignment!r}: an index keeps its recipe; how documents are read alone can be "
                "set, corpus.KEY=VALUE"
            )
    settings = read_recipe(None, assignments, on_bad_record, include=include, exclude=exclude)
    from corpus_tuner.building.add import add as add_documents

    report = add_documents(
        index,
        source,
        corpus=settings.corpus,
        ledger=ledger,
        trust_remote_code=trust_remote_code,
    )
    if json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show_report(report)
