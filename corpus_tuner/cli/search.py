"""``corpus-tuner search``."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.core.counts import format_count
from corpus_tuner.errors import EvaluationError

if TYPE_CHECKING:
    from corpus_tuner.cli.interactive import QueryOptions
    from corpus_tuner.indexes.searcher import Searcher

_RUN_DEPTH = 100  # documents per query in a run


def search(
    index: opt.Index,
    query: Annotated[
        str | None, typer.Argument(help="Query; without one, a prompt reads queries.")
    ] = None,
    k: Annotated[
        int | None,
        typer.Option(
            "--k",
            "-k",
            min=1,
            help="Number of documents; by default as many as fit in the terminal, at most 10, or "
            f"{_RUN_DEPTH} with --output.",
        ),
    ] = None,
    mode: Annotated[
        opt.Mode | None,
        typer.Option(help="Dense, lexical or hybrid search; by default the calibrated mode."),
    ] = None,
    filters: opt.Filters = None,
    min_probability: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Leave out hits with a lower relevance probability (the percentage behind the "
            "score); only hits of calibrated indexes have one.",
        ),
    ] = 0.0,
    collapse: Annotated[
        bool,
        typer.Option(
            help="Whether documents with nearly the same text are one hit; a run has all of them."
        ),
    ] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show why every document was found.")
    ] = False,
    queries: Annotated[
        Path | None,
        typer.Option(
            help="File of queries: BEIR's .jsonl, .tsv or .csv (id, text), or lines; - is standard "
            "input."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="TREC run file that is written for --queries."),
    ] = None,
    trust_remote_code: opt.Trust = False,
    json: opt.Json = False,
) -> None:
    """Search for one query, for a file of queries, or at a prompt."""
    conflicts = {
        "a query and --queries do not go together": query is not None and queries is not None,
        "--output is for --queries": output is not None and queries is None,
        "--queries needs --output RUN or --json": bool(queries) and not output and not json,
        "--output and --json do not go together": output is not None and json,
        "--json needs a query or --queries": json and query is None and queries is None,
    }
    for message, exists in conflicts.items():
        if exists:
            raise typer.BadParameter(message)
    from corpus_tuner.cli.hit_output import MAX_HITS, count_fitting_hits
    from corpus_tuner.cli.interactive import QueryOptions, parse_known_filter, run_prompt
    from corpus_tuner.core.progress import show_activity

    default_k = _RUN_DEPTH if output else MAX_HITS if json or explain else count_fitting_hits()
    with show_activity("opening the index"):
        from corpus_tuner.indexes.searcher import Searcher

        searcher = Searcher.open(index, trust_remote_code=trust_remote_code)
    with searcher:
        filter = parse_known_filter(searcher, filters or [])
        options = QueryOptions(k or default_k, mode, filter, explain, min_probability, collapse)
        if json:
            _print_json(searcher, options, query if query is not None else queries)
        elif queries and output:
            _write_run(searcher, options, queries, output)
        elif query is None:
            run_prompt(searcher, options)
        else:
            options.search(searcher, query)


def _print_json(searcher: "Searcher", options: "QueryOptions", queries: str | Path | None) -> None:
    """Print results as the HTTP service returns them: a line for each query of a file."""
    from corpus_tuner.cli.hit_output import show_warning
    from corpus_tuner.core.progress import track
    from corpus_tuner.eval.trec.queries import read_queries
    from corpus_tuner.server.returned_fields import ReturnedFields
    from corpus_tuner.server.schemas import QueryResult

    everything = ReturnedFields(("title", "text", "metadata"))

    def search_one(query: str) -> dict[str, object]:
        hits = searcher.search(query, **options.arguments, collapse=options.collapse)
        show_warning(hits)
        explaining = searcher if options.explain else None
        result = QueryResult.from_hits(query, hits, explaining, everything)
        return result.model_dump(exclude_unset=True)

    if isinstance(queries, str):
        out.print_json(search_one(queries))
    elif queries is not None:
        texts = read_queries(queries)
        for id_, query in track(texts.items(), "searching", lambda: len(texts), unit="queries"):
            typer.echo(json_.dumps({"id": id_, **search_one(query)}, ensure_ascii=False))


def _write_run(searcher: "Searcher", options: "QueryOptions", queries: Path, output: Path) -> None:
    from corpus_tuner.core.progress import track
    from corpus_tuner.core.records import get_display_name
    from corpus_tuner.eval.trec.queries import read_queries
    from corpus_tuner.eval.trec.runs import write_run

    texts = read_queries(queries)
    if not texts:
        raise EvaluationError(f"{get_display_name(queries)} has no queries")
    output.parent.mkdir(parents=True, exist_ok=True)
    rankings = searcher.rank(list(texts.values()), **options.arguments)
    ranked = zip(texts, rankings, strict=True)
    run = dict(track(ranked, "searching", lambda: len(texts), unit="queries"))
    write_run(run, output, "corpus-tuner")
    count = format_count(len(run), "query", "queries")
    out.print_line(f"{output}: {count}, up to {format_count(options.k, 'document')} each")
