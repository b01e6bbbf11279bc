"""Command line: one file for each command; heavy modules are imported when it runs."""

import sqlite3
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any
from warnings import catch_warnings

import typer
from typer.core import TyperGroup

from corpus_tuner import __version__
from corpus_tuner.cli import output as out
from corpus_tuner.cli.build import build
from corpus_tuner.cli.compare import compare
from corpus_tuner.cli.eval import evaluate
from corpus_tuner.cli.index_add import add
from corpus_tuner.cli.index_calibrate import calibrate
from corpus_tuner.cli.index_check import check
from corpus_tuner.cli.index_export import export
from corpus_tuner.cli.index_import import import_
from corpus_tuner.cli.index_merge import merge
from corpus_tuner.cli.index_remove import remove
from corpus_tuner.cli.info import info
from corpus_tuner.cli.judge import judge
from corpus_tuner.cli.mcp import mcp
from corpus_tuner.cli.quickstart import quickstart
from corpus_tuner.cli.search import search
from corpus_tuner.cli.serve import serve
from corpus_tuner.cli.signals import STOPPED, handle_signals
from corpus_tuner.cli.token import token
from corpus_tuner.cli.tune_encoder import encoder
from corpus_tuner.cli.tune_generator import generator
from corpus_tuner.core.disk_errors import describe_disk_error
from corpus_tuner.core.progress import print_note, set_quiet
from corpus_tuner.errors import CorpusTunerError, CorpusTunerWarning, command_line

_HELP = "From an unlabelled corpus to a search index that beats its encoder, with proof."


class _Group(TyperGroup):
    """Group of commands whose errors do not begin with the name of the exception."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


def _make_group(help: str, **commands: Callable[..., None]) -> typer.Typer:
    """Return commands under one name; their help is plain, as boxes take up 80 columns."""
    group = typer.Typer(
        cls=_Group,
        help=help,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, command in commands.items():
        group.command(name)(command)
    return group


app = _make_group(
    _HELP,
    quickstart=quickstart,
    build=build,
    search=search,
    serve=serve,
    token=token,
    mcp=mcp,
    judge=judge,
    eval=evaluate,
    compare=compare,
    info=info,
)
app.add_typer(
    _make_group(
        "Change, check, export or import an index.",
        add=add,
        remove=remove,
        merge=merge,
        calibrate=calibrate,
        check=check,
        export=export,
        **{"import": import_},
    ),
    name="index",
)
app.add_typer(
    _make_group("Fine-tune models without labels.", encoder=encoder, generator=generator),
    name="tune",
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"corpus-tuner {__version__}")
        raise typer.Exit


@app.callback()
def _define_options(
    version: bool = typer.Option(
        False,
        "--version",
        callback=_print_version,
        is_eager=True,
        help="Show the version and exit.",
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Show no progress."),
) -> None:
    set_quiet(quiet)


def _show_warning(
    show: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any
) -> None:
    """Print warnings of this package as notes, and others as Python does."""
    if issubclass(category, CorpusTunerWarning):
        print_note(str(message))
    else:
        show(message, category, *where)


def main() -> None:
    """Run the command line; exit code 2 for errors that the user can fix, 1 for others."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # for terminals without Unicode
    try:
        with handle_signals(), command_line(), catch_warnings():
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            app(prog_name="corpus-tuner")
    except CorpusTunerError as error:
        out.fail(str(error), 2)
    except SystemExit as leaving:
        if isinstance(leaving.code, int) and leaving.code in STOPPED:
            out.fail("stopped; run the same command again to resume", leaving.code)
        raise
    except (OSError, sqlite3.DatabaseError) as error:
        problem = describe_disk_error(error)
        if not problem:
            out.fail(str(error), 1)
        where = getattr(error, "filename", None)
        out.fail(f"cannot open or write {where or 'a file'}: {problem}", 2)
