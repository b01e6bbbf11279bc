"""``corpus-tuner index add``."""

from typing import Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.build import show_report


def add(
    index: opt.IndexFolder,
    source: Annotated[str, typer.Argument(help="Documents, in the formats of corpus-tuner build.")],
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="CORPUS.KEY=VALUE",
            help="Setting of how documents are read, such as corpus.text=body; repeatable.",
        ),
    ] = None,
    include: opt.Include = None,
    exclude: opt.Exclude = None,
    ledger: opt.Ledger = None,
    trust_remote_code: opt.Trust = False,
    json: opt.Json = False,
) -> None:
    """Add documents to an index (incremental indexing).

    A document replaces the one with the same id.
    """
    for assignment in assignments or ():
        if not assignment.startswith("corpus."):
            raise typer.BadParameter(
                f"{assignment!r}: the recipe of an index is fixed; only how documents are read can "
                "be set, corpus.KEY=VALUE"
            )
    values = {"corpus.include": include, "corpus.exclude": exclude}
    recipe = opt.read_recipe(None, assignments, values)
    from corpus_tuner.building.add import add as add_documents

    report = add_documents(
        index, source, corpus=recipe.corpus, ledger=ledger, trust_remote_code=trust_remote_code
    )
    if json:
        out.print_json(report)
    else:
        show_report(report)
