"""What several commands print: tables, notes, errors."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.search_settings import HybridWeights

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def fail(message: str, code: int) -> NoReturn:
    """Say what went wrong, without markup or terminal codes in it, and leave."""
    lines = (_CONTROL.sub(" ", line) for line in message.splitlines())
    stderr.print(Text.assemble(("error: ", "bold red"), "\n".join(lines)), soft_wrap=True)
    sys.exit(code)


def plain(text: str, most: int = 0) -> Text:
    """Return text from a corpus as one line that is safe to print, cut to `most` characters."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return Text(f"{line[: most - 1]}…" if most and len(line) > most else line)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table; the columns in `right` hold numbers, and nothing is cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def weights(hybrid: "HybridWeights") -> str:
    """Return the weights of hybrid search on one line."""
    return ", ".join(f"{name} {weight:.2f}" for name, weight in hybrid)


def language_list(shares: Mapping[str, float]) -> str:
    """Return languages with their shares of the documents on one line.

    Examples
    --------
    >>> language_list({"en": 0.996, "de": 0.004})
    'en 99.6%, de 0.4%'
    """
    return ", ".join(f"{code} {100 * share:.3g}%" for code, share in shares.items())


def show_skipped(
    what: str, skipped: Mapping[str, int], examples: Mapping[str, Sequence[str]]
) -> None:
    """Print what happened to how many records and files, with the first for every reason."""
    if not skipped:
        return
    title = Text.assemble((f"  {what}: ", "yellow"), f"{sum(skipped.values()):,}")
    stdout.print(title, soft_wrap=True)
    for reason, count in skipped.items():
        named = [str(plain(name, 200)) for name in examples[reason]]
        more = ", ..." if count > len(named) else ""
        line = plain(f"{reason}: {', '.join(named)}{more}")
        stdout.print(Text(f"    {count:>7,}  ").append_text(line), soft_wrap=True)
