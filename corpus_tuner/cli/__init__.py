"""The command line: one file per command, nothing heavy imported until it runs."""

import sqlite3
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any
from warnings import catch_warnings

import typer

from corpus_tuner import __version__
from corpus_tuner.cli.add import add
from corpus_tuner.cli.build import build
from corpus_tuner.cli.calibrate import calibrate
from corpus_tuner.cli.check import check
from corpus_tuner.cli.compare import compare
from corpus_tuner.cli.evaluate import evaluate
from corpus_tuner.cli.export_import import export, import_
from corpus_tuner.cli.info import info
from corpus_tuner.cli.merge import merge
from corpus_tuner.cli.output import fail
from corpus_tuner.cli.quickstart import quickstart
from corpus_tuner.cli.remove import remove
from corpus_tuner.cli.search import search
from corpus_tuner.cli.serve import serve
from corpus_tuner.cli.signals import STOPPED, stopping
from corpus_tuner.cli.tune import tune
from corpus_tuner.core.disk_errors import disk_problem
from corpus_tuner.core.progress import note
from corpus_tuner.errors import CorpusTunerError, CorpusTunerWarning, command_line

app = typer.Typer(
    name="corpus-tuner",
    help="From an unlabelled corpus to a search index that beats its encoder, with proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: its boxes leave too little of 80 columns to the words
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(quickstart)
app.command()(build)
app.command()(add)
app.command()(remove)
app.command()(merge)
app.command()(calibrate)
app.command()(search)
app.command()(serve)
app.command("eval")(evaluate)
app.command()(compare)
app.command()(info)
app.command()(check)
app.command()(export)
app.command("import")(import_)
app.add_typer(tune, name="tune")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"corpus-tuner {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    """From an unlabelled corpus to a search index that beats its encoder, with proof."""


def _show_warning(
    show: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any
) -> None:
    """Show our own warnings as notes, and others as Python does."""
    if issubclass(category, CorpusTunerWarning):
        note(str(message))
    else:
        show(message, category, *where)


def main() -> None:
    """Run the command line; exit code 2 for whatever the user can mend, 1 for what they cannot."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without umlauts
    try:
        with stopping(), command_line(), catch_warnings():
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            app(prog_name="corpus-tuner")
    except CorpusTunerError as error:
        fail(str(error), 2)
    except SystemExit as leaving:
        if isinstance(leaving.code, int) and leaving.code in STOPPED:
            fail("stopped; run the same command again to go on", leaving.code)
        raise
    except (OSError, sqlite3.DatabaseError) as error:
        problem = disk_problem(error)
        if not problem:
            fail(str(error), 1)
        where = getattr(error, "filename", None)
        fail(f"cannot write {f'to {where}' if where else 'a file'}: {problem}", 2)
