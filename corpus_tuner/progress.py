"""Progress: a bar with rate and time left on a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

_Item = TypeVar("_Item")

SECONDS_BETWEEN_LINES = 30.0
"""Where there is no terminal; what takes less says nothing."""


class Meter:
    """Shows how far some work is, from entering this as a context until it is left.

    Parameters
    ----------
    what
        Is being done.
    total
        Counts how much there is to do; asked only when it is shown. `None` if nobody knows.
    done
        How much of it was done before.
    unit
        What is counted, in the plural.
    """

    def __init__(
        self, what: str, total: Callable[[], int | None], done: int = 0, unit: str = "documents"
    ) -> None:
        console = Console(stderr=True)
        self._shown: _Bar | _Lines = (
            _Bar(console, what, total(), done) if console.is_terminal else _Lines(what, total, unit)
        )
        self._shown.done = done

    def __enter__(self) -> "Meter":
        """Show it."""
        self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._shown.stop()

    def advance(self, by: float = 1, note: str = "") -> None:
        """Say that more is done.

        Parameters
        ----------
        by
            How much; a part of one counts as well.
        note
            What is being done, or has come out.
        """
        self._shown.done += by
        self._shown.show(note)


class _Bar:
    """A bar on a terminal."""

    done: float

    def __init__(self, console: Console, what: str, total: int | None, done: int) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[shown]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeft(),
            console=console,
            transient=True,
        )
        self._total = total
        self._task = self._bar.add_task(what, total=total, completed=done, shown="")

    def start(self) -> None:
        self._bar.start()

    def stop(self) -> None:
        self._bar.stop()

    def show(self, note: str) -> None:
        speed = self._bar.tasks[self._task].speed
        shown = [_of(self.done, self._total), f"{speed:,.1f}/s" if speed else "", note]
        self._bar.update(self._task, completed=self.done, shown=" ".join(filter(None, shown)))


class _Lines:
    """A line every half minute, for logs and pipes."""

    done: float

    def __init__(self, what: str, total: Callable[[], int | None], unit: str) -> None:
        self._what = what
        self._total = total
        self._unit = unit
        self._note = ""
        self._over = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._began, self._before = monotonic(), self.done
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def show(self, note: str) -> None:
        self._note = note

    def _run(self) -> None:
        total = None
        asked = False
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            if not asked:
                total, asked = self._total(), True
            print(self._line(total), file=sys.stderr, flush=True)

    def _line(self, total: int | None) -> str:
        rate = (self.done - self._before) / (monotonic() - self._began)
        line = f"{self._what}: {_of(self.done, total)} {self._unit}, {rate:,.1f}/s"
        if total is not None and rate:
            minutes, seconds = divmod(round((total - self.done) / rate), 60)
            line += f", {minutes}:{seconds:02} left"
        return f"{line} ({self._note})" if self._note else line


def working(what: str) -> AbstractContextManager[object]:
    """Show that something is being done whose end cannot be foreseen."""
    console = Console(stderr=True)
    return console.status(what) if console.is_terminal else nullcontext()


def track(
    items: Iterable[_Item],
    what: str,
    total: Callable[[], int | None] = lambda: None,
    size: Callable[[_Item], int] = lambda _: 1,
    unit: str = "documents",
) -> Iterator[_Item]:
    """Yield the items, showing how many are done, how fast, and how long the rest will take.

    Parameters
    ----------
    what
        Is being done.
    total
        Counts beforehand; asked only when it is shown.
    size
        How much an item counts.
    unit
        What is counted, in the plural.
    """
    with Meter(what, total, unit=unit) as meter:
        for item in items:
            yield item
            meter.advance(size(item))


def _of(done: float, total: int | None) -> str:
    return f"{int(done):,}" if total is None else f"{int(done):,} of {total:,}"
