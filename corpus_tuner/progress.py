"""Progress bars: rate and time left on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

_Item = TypeVar("_Item")


class Meter:
    """A bar for work that says of itself how far it is; use it as a context.

    Parameters
    ----------
    what
        Stands before the bar.
    total
        How much there is to do.
    done
        How much of it was done before.
    """

    def __init__(self, what: str, total: int, done: int = 0) -> None:
        console = Console(stderr=True)
        self._progress = _bar(console) if console.is_terminal else None
        if self._progress is not None:
            self._task = self._progress.add_task(what, total=total, completed=done, rate="")

    def __enter__(self) -> "Meter":
        """Show it."""
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        if self._progress is not None:
            self._progress.stop()

    def advance(self, note: str, by: int = 1) -> None:
        """Note that some more is done, and what is shown of it."""
        if self._progress is not None:
            speed = self._progress.tasks[self._task].speed
            rate = f"{speed:,.1f}/s " if speed else ""
            self._progress.update(self._task, advance=by, rate=f"{rate}{note}")


def working(what: str) -> AbstractContextManager[object]:
    """Show that something is being done whose end cannot be foreseen."""
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
    with _bar(console) as progress:
        task = progress.add_task(what, total=total(), rate="")
        for item in items:
            yield item
            speed = progress.tasks[task].speed
            progress.update(task, advance=size(item), rate=f"{speed:,.0f}/s" if speed else "")


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeLeft(),
        console=console,
        transient=True,
    )
