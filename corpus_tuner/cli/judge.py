"""``corpus-tuner judge``."""

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.listening import bind, listen
from corpus_tuner.core.extras import MissingExtraError

if TYPE_CHECKING:
    from corpus_tuner.judging.estimates import Interval
    from corpus_tuner.judging.report import Report


def judge(
    index: opt.Index,
    queries: Annotated[
        Path | None,
        typer.Option(
            help="File of queries: .jsonl, .tsv, .csv, or lines. Without one, the page proposes "
            "queries from the corpus to edit, or continues with those it had.",
        ),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]PATH",
            help="Further system, besides hybrid, dense and lexical search of the index: a TREC "
            "run file, or another index; repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File of the judgments as TREC qrels, written after every grade."
        ),
    ] = None,
    judgments: Annotated[Path, typer.Option(help="Database of the grades of all judges.")] = Path(
        "judgments.sqlite"
    ),
    judge: Annotated[str, typer.Option(help="Name of the person who judges.")] = "judge",
    llm: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Let a language model at this address (an API like OpenAI's) grade everything "
            "first; people's grades of a random sample then correct it.",
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="With --llm, name of the model.")] = "",
    report: Annotated[
        bool, typer.Option("--report", help="Print the measures so far, and open no page.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8001,
    json: Annotated[bool, typer.Option("--json", help="With --report, print JSON.")] = False,
    trust_remote_code: opt.Trust = False,
) -> None:
    """Judge the results of your own queries on a local page, and measure the systems.

    Every grade is stored at once; run the same command again to continue.
    """
    if bool(llm) != bool(model):
        raise typer.BadParameter("--llm and --model go together")
    try:
        import uvicorn

        from corpus_tuner.judging.app import create_app
        from corpus_tuner.server.connections import make_uvicorn_options
    except ImportError:
        raise MissingExtraError("corpus-tuner judge", "server") from None
    from corpus_tuner.core.files import write_text
    from corpus_tuner.core.progress import print_note, show_activity
    from corpus_tuner.eval.trec.qrels import write_qrels
    from corpus_tuner.eval.trec.queries import read_queries
    from corpus_tuner.indexes.searcher import Searcher
    from corpus_tuner.judging.pool import propose_queries, run_systems
    from corpus_tuner.judging.report import make_report
    from corpus_tuner.judging.store import MODEL_PREFIX, Judgments
    from corpus_tuner.judging.study import Study

    if judge.startswith(MODEL_PREFIX):
        raise typer.BadParameter(f"names with {MODEL_PREFIX} are those of models: --judge NAME")
    bound = None if report else bind("127.0.0.1", port)
    given = read_queries(queries) if queries else {}
    database = Judgments(judgments)
    with show_activity("opening the index"):
        searcher = Searcher.open(index, trust_remote_code=trust_remote_code)

    def open_study(texts: Mapping[str, str]) -> Study:
        database.add_queries(texts)
        runs = run_systems(searcher, texts, run or (), trust_remote_code)
        study = Study(searcher, database, judge, texts, runs, in_random_order=llm is not None)
        if study.missing:
            print_note(
                f"{len(study.missing):,} documents of other systems are not in {index}, and cannot "
                "be judged: they count as not relevant"
            )
        if llm:
            from corpus_tuner.judging.language_model import grade_pools

            if unreadable := grade_pools(study, llm, model):
                print_note(f"{unreadable:,} answers of {model} had no grade, and count as 0")
        return study

    def export(study: Study) -> None:
        qrels = database.read_qrels()
        if output and qrels:
            write_qrels(qrels, output)
            if queries is None:
                rows = (f"{id_}\t{text}\n" for id_, text in study.queries.items())
                write_text(output.with_name(f"{output.name}.queries.tsv"), "".join(rows))

    study = open_study(given or database.read_queries())
    export(study)
    if bound is None:
        found = make_report(study)
        if json:
            typer.echo(found.model_dump_json(indent=2))
        else:
            show_report(found)
        return
    app = create_app(study, open_study, lambda: propose_queries(searcher), export)
    listen(bound, "127.0.0.1")
    out.print_line(f"http://127.0.0.1:{bound.getsockname()[1]} is the page of {judge}; Ctrl-C ends")
    config = uvicorn.Config(app, log_level="warning", **make_uvicorn_options())
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    uvicorn.Server(config).run(sockets=[bound])


def show_report(report: "Report") -> None:
    """Print measures, agreement and, with a model, prediction-powered estimates."""
    out.print_line(f"{report.judged:,} of {report.queries:,} queries are judged completely")
    if report.systems:
        names = [*report.systems[0].measures]
        columns = [*names, f"{names[0]} - {report.systems[0].system}"]
        if report.sample:
            columns += [f"{names[0]} with {report.model}", "sample only"]
        table = out.make_table("system", *columns, right=columns)
        for own in report.systems:
            values = [*own.measures.values(), own.difference]
            values += [own.predicted, own.people] if report.sample else []
            table.add_row(out.sanitize(own.system), *map(_format_interval, values))
        out.stdout.print(table)
        if report.judged < report.queries and not report.sample:
            out.print_line(
                "These are the values of the judged queries, which were chosen because they tell "
                "systems apart: those of all queries may be others (--llm estimates them).",
                style="dim",
            )
    for pair in report.agreement:
        out.print_line(
            out.sanitize(
                f"{' and '.join(pair.judges)}: Cohen's kappa {pair.kappa:.2f}, with quadratic "
                f"weights {pair.weighted:.2f}, of {pair.documents:,} documents"
            )
        )


def _format_interval(interval: "Interval | None") -> str:
    if interval is None:
        return "–"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
