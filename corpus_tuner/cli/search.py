"""``corpus-tuner search``."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from corpus_tuner.cli.options import (
    FilterOption,
    IndexArgument,
    JsonOption,
    Mode,
    QuietOption,
    TrustOption,
)
from corpus_tuner.cli.output import stdout
from corpus_tuner.errors import EvaluationError

if TYPE_CHECKING:
    from corpus_tuner.cli.interactive import Asking
    from corpus_tuner.indexes.searcher import Searcher
    from corpus_tuner.server.returned_fields import ReturnedFields


def search(
    index: IndexArgument,
    query: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(help="What to look for; without one, a prompt asks again and again."),
    ] = None,
    k: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--k",
            "-k",
            min=1,
            help="How many documents; by default as many as the terminal holds, at most 10, or "
            "100 with --output.",
        ),
    ] = None,
    mode: Annotated[
        Optional[Mode],  # noqa: UP045
        typer.Option(help="Dense, lexical or hybrid search; by default as calibrated."),
    ] = None,
    filters: FilterOption = None,
    min_probability: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Leave out hits with a lower probability (the percentage behind the score); only "
            "hits of calibrated indexes have one.",
        ),
    ] = 0.0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell why every document came up.")
    ] = False,
    queries: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="A file of queries: BEIR's .jsonl, .tsv or .csv (id, text), or lines; - is "
            "standard input."
        ),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The TREC run that is written for --queries."),
    ] = None,
    representation: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="'passage' is the encoder alone; by default the one configured."),
    ] = None,
    fields: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="NAME,...",
            help="Fields of the documents in JSON: title, text, metadata or metadata.NAME; by "
            "default all, text only up to 10 KB.",
        ),
    ] = None,
    text: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option("--text/--no-text", help="Whether JSON has the text of the documents."),
    ] = None,
    trust_remote_code: TrustOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Search for one query, for a file of them, or at a prompt."""
    _check(query, queries, output, explain, json)
    if not json and (fields is not None or text is not None):
        raise typer.BadParameter("--fields and --text are for --json")
    from corpus_tuner.cli.hit_output import MOST, fitting
    from corpus_tuner.cli.interactive import Asking, ask, known_filter
    from corpus_tuner.core.progress import show_activity

    most = 100 if output else MOST if json or explain else fitting()
    with show_activity("opening the index"):
        from corpus_tuner.indexes.searcher import Searcher

        searcher = Searcher.open(
            index, representation=representation, trust_remote_code=trust_remote_code
        )
    with searcher:
        asking = Asking(
            k or most, mode, known_filter(searcher, filters or []), explain, min_probability
        )
        if json:
            from corpus_tuner.server.returned_fields import ReturnedFields

            returned = ReturnedFields(fields.split(",") if fields is not None else None, text)
            returned.check(searcher.fields)
            _print_json(searcher, asking, query if query is not None else queries, returned)
        elif queries and output:
            _write_run(searcher, asking, queries, output)
        elif query is None:
            ask(searcher, asking)
        else:
            asking.show(searcher, query)


def _check(
    query: str | None, queries: Path | None, output: Path | None, explain: bool, json: bool
) -> None:
    """Refuse options that do not go together."""
    wrong = {
        "a query and --queries do not go together": query is not None and queries is not None,
        "--output is for --queries": output is not None and queries is None,
        "--queries needs --output RUN or --json": bool(queries) and not output and not json,
        "--output and --json do not go together": output is not None and json,
        "--json needs a query or --queries": json and query is None and queries is None,
    }
    for message, is_so in wrong.items():
        if is_so:
            raise typer.BadParameter(message)


def _print_json(
    searcher: "Searcher", asking: "Asking", queries: str | Path | None, returned: "ReturnedFields"
) -> None:
    """Print what the HTTP service would answer: for a file of queries a line for each."""
    from corpus_tuner.core.progress import track
    from corpus_tuner.eval.trec.queries import read_queries
    from corpus_tuner.server.schemas import QueryResult

    def answer(query: str) -> QueryResult:
        hits = asking.find(searcher, query)
        explaining = searcher if asking.explain else None
        return QueryResult.from_hits(query, hits, explaining, returned)

    if isinstance(queries, str):
        typer.echo(answer(queries).model_dump_json(indent=2, exclude_unset=True))
    elif queries is not None:
        wanted = read_queries(queries)
        for id_, query in track(wanted.items(), "searching", lambda: len(wanted), unit="queries"):
            line = {"id": id_, **answer(query).model_dump(exclude_unset=True)}
            typer.echo(json_.dumps(line, ensure_ascii=False))


def _write_run(searcher: "Searcher", asking: "Asking", queries: Path, output: Path) -> None:
    """Write a run of a file of queries."""
    from corpus_tuner.core.progress import track
    from corpus_tuner.core.records import get_display_name
    from corpus_tuner.eval.trec.queries import read_queries
    from corpus_tuner.eval.trec.runs import write_run

    wanted = read_queries(queries)
    if not wanted:
        raise EvaluationError(f"{get_display_name(queries)} has no queries")
    output.parent.mkdir(parents=True, exist_ok=True)
    rankings = searcher.rank(
        list(wanted.values()),
        asking.k,
        mode=asking.mode,
        filter=asking.filter or None,
        min_probability=asking.min_probability,
    )
    ranked = track(
        zip(wanted, rankings, strict=True), "searching", lambda: len(wanted), unit="queries"
    )
    run = dict(ranked)
    write_run(run, output, "corpus-tuner")
    stdout.print(f"{output}: {len(run):,} queries, up to {asking.k} documents each", soft_wrap=True)
