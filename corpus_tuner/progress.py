"""Progress bars: rate and time left on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

_Item = TypeVar("_Item")


def working(what: str) -> AbstractContextManager[object]:
    """Show that something is being done whose end cannot be foretold."""
    console = Console(stderr=True)
    return console.status(what) if console.is_terminal else nullcontext()


def track(
    items: Iterable[_Item],
    what: str,
    total: Callable[[], int | None] = lambda: None,
    size: Callable[[_Item], int] = lambda _: 1,
) -> Iterator[_Item]:
    """Yield the items, showing how many are done, how fast, and how long the rest will take.

    Parameters
    ----------
    what
        Stands before the bar.
    total
        Counts beforehand; asked only if there is a terminal to show it on.
    size
        How much an item counts.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeLeft(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=total(), rate="")
        for item in items:
            yield item
            speed = progress.tasks[task].speed
            progress.update(task, advance=size(item), rate=f"{speed:,.0f}/s" if speed else "")
