"""Output that several commands have: lines, tables, JSON, errors."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pydantic import BaseModel

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def fail(message: str, code: int) -> NoReturn:
    """Print an error without markup or control characters, and exit."""
    lines = (_CONTROL.sub(" ", line) for line in message.splitlines())
    print_label("error", "\n".join(lines), "bold red", stderr)
    sys.exit(code)


def print_line(text: str | Text, style: str = "", console: Console = stdout) -> None:
    """Print a line, which is neither wrapped nor read as markup."""
    console.print(text, style=style, soft_wrap=True, markup=False)


def print_label(label: str, text: str | Text, style: str, console: Console = stdout) -> None:
    """Print a line that begins with a label in a style, such as ``error:``."""
    print_line(Text.assemble((f"{label}: ", style), text), console=console)


def print_json(value: "BaseModel | Mapping[str, Any] | Sequence[Any]") -> None:
    """Print a model, an object or a list as indented JSON."""
    if isinstance(value, Mapping | Sequence):
        typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
    else:
        typer.echo(value.model_dump_json(indent=2))


def sanitize(text: str, limit: int = 0) -> Text:
    """Return text of a corpus as one line that is safe to print, cut to `limit` characters."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return Text(f"{line[: limit - 1]}…" if limit and len(line) > limit else line)


def make_table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table; the columns in `right` have numbers, and no cell is cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def format_weights(weights: Mapping[str, float]) -> str:
    """Return the weights of rankers on one line."""
    return ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())


def format_languages(shares: Mapping[str, float]) -> str:
    """Return languages with their shares of the documents on one line.

    Examples
    --------
    >>> format_languages({"en": 0.996, "de": 0.004})
    'en 99.6%, de 0.4%'
    """
    return ", ".join(f"{code} {100 * share:.3g}%" for code, share in shares.items())


def show_skipped(
    title: str, skipped: Mapping[str, int], examples: Mapping[str, Sequence[str]]
) -> None:
    """Print the number of skipped records and files by reason, with the first examples."""
    if not skipped:
        return
    print_label(f"  {title}", f"{sum(skipped.values()):,}", "yellow")
    for reason, count in skipped.items():
        named = [str(sanitize(name, 200)) for name in examples[reason]]
        more = ", ..." if count > len(named) else ""
        line = sanitize(f"{reason}: {', '.join(named)}{more}")
        print_line(Text(f"    {count:>7,}  ").append_text(line))
