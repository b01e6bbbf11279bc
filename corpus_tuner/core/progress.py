"""Progress: a bar with rate and remaining time on a terminal or in a notebook.

Elsewhere the command line prints a line at intervals, and functions called from Python nothing.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from threading import Event, Thread
from time import monotonic
from typing import Literal, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

_Item = TypeVar("_Item")

SECONDS_BETWEEN_LINES = 30.0
"""Interval of lines without a terminal; shorter work prints nothing."""

_BAR = 16  # characters
_console = Console(stderr=True)  # one for all, so that bars within bars share the terminal
_mode: ContextVar[Literal["bars", "lines", "nothing"]] = ContextVar("mode", default="bars")
"""Mode: bars on a terminal; bars, and lines elsewhere; nothing."""
_work: ContextVar[str] = ContextVar("work", default="")


def set_quiet(quiet: bool) -> None:
    """Show no progress from now on, or bars, and lines without a terminal."""
    _mode.set("nothing" if quiet else "lines")


@contextmanager
def show_progress(progress: bool) -> Iterator[None]:
    """Show progress in this context, or none."""
    before = _mode.set(_mode.get() if progress else "nothing")
    try:
        yield
    finally:
        _mode.reset(before)


@contextmanager
def add_prefix(work: str) -> Iterator[None]:
    """Prefix all progress in this context with a name, such as that of a benchmark."""
    before = _work.set(f"{_work.get()}{work}: ")
    try:
        yield
    finally:
        _work.reset(before)


class Meter:
    """Progress of some work, shown while this context is open.

    Parameters
    ----------
    what
        Description of the work.
    total
        Function that counts the items, called only if progress is shown; `None` if it is unknown.
    done
        Number of items that were done before.
    unit
        Name of the items, in the plural; empty if only time is shown.
    """

    def __init__(
        self,
        what: str,
        total: Callable[[], int | None] = lambda: None,
        done: int = 0,
        unit: str = "documents",
    ) -> None:
        self._shown: _Bar | _Lines | None = None
        mode = _mode.get()
        if mode != "nothing" and _is_interactive():
            self._shown = _Bar(f"{_work.get()}{what}", total, done, unit)
        elif mode == "lines":
            self._shown = _Lines(f"{_work.get()}{what}", total, done, unit)

    def __enter__(self) -> "Meter":
        """Show the progress."""
        if self._shown:
            self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the progress."""
        if self._shown:
            self._shown.stop()

    def advance(self, by: float = 1, note: str = "") -> None:
        """Add finished items, or parts of one.

        Parameters
        ----------
        by
            Number of items.
        note
            Text shown after the progress.
        """
        if self._shown:
            self._shown.done += by
            self._shown.show(note)


def _is_interactive() -> bool:
    """Tell whether there is a terminal, or a notebook with widgets."""
    return _console.is_terminal or (_console.is_jupyter and find_spec("ipywidgets") is not None)


class _Bar:
    """A bar on a terminal or in a notebook."""

    def __init__(self, what: str, total: Callable[[], int | None], done: int, unit: str) -> None:
        self.done: float = done
        self._total = total()
        self._unit = unit
        self._bar = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(_BAR),
            TextColumn("{task.fields[shown]}", table_column=Column(no_wrap=True)),
            _Clock(),
            console=_console,
            transient=True,
        )
        self._task = self._bar.add_task(what, total=self._total, completed=done, shown="")
        self.show("")

    def start(self) -> None:
        self._bar.start()

    def stop(self) -> None:
        self._bar.stop()

    def show(self, note: str) -> None:
        speed = self._bar.tasks[self._task].speed
        count = _format_count(self.done, self._total) if self._unit else ""
        shown = [count, _format_pace(speed) if speed else "", note]
        self._bar.update(self._task, completed=self.done, shown=" ".join(filter(None, shown)))


class _Clock(ProgressColumn):
    """Column with the remaining time or, if that is unknown, the elapsed time."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        """Return the time as text."""
        left = task.time_remaining
        if left is None:
            return Text(_format_time(task.elapsed or 0), "dim")
        return Text(f"{_format_time(left)} left", "cyan")


class _Lines:
    """Lines at intervals, for logs and pipes."""

    def __init__(self, what: str, total: Callable[[], int | None], done: int, unit: str) -> None:
        self.done: float = done
        self._what = what
        self._total = total
        self._unit = unit
        self._note = ""
        self._stopped = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._start_time, self._done_before = monotonic(), self.done
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def show(self, note: str) -> None:
        self._note = note

    def _run(self) -> None:
        if self._stopped.wait(SECONDS_BETWEEN_LINES):
            return
        total = self._total()
        print(self._format_line(total), file=sys.stderr, flush=True)
        while not self._stopped.wait(SECONDS_BETWEEN_LINES):
            print(self._format_line(total), file=sys.stderr, flush=True)

    def _format_line(self, total: int | None) -> str:
        seconds = monotonic() - self._start_time
        if not self._unit:
            return f"{self._what}: {_format_time(seconds)} so far"
        rate = (self.done - self._done_before) / seconds
        line = f"{self._what}: {_format_count(self.done, total)} {self._unit}, {_format_pace(rate)}"
        if total is not None and rate:
            line += f", {_format_time((total - self.done) / rate)} left"
        return f"{line} ({self._note})" if self._note else line


def _format_pace(rate: float) -> str:
    """Return the number of items in a second, or the seconds of one."""
    return f"{rate:,.1f}/s" if rate >= 0.5 or not rate else f"{1 / rate:,.1f} s each"


def show_activity(what: str) -> Meter:
    """Show work of unknown duration."""
    return Meter(what, unit="")


def print_note(text: str) -> None:
    """Print a note to standard error that remains when the progress is removed."""
    _console.print(Text.assemble(("note: ", "yellow"), text), soft_wrap=True)


def track(
    items: Iterable[_Item],
    what: str,
    total: Callable[[], int | None] = lambda: None,
    size: Callable[[_Item], int] = lambda _: 1,
    unit: str = "documents",
) -> Iterator[_Item]:
    """Yield items and show the progress.

    Parameters
    ----------
    items
        Items of the work.
    what, total, unit
        Parameters of `Meter`.
    size
        Function that returns the size of an item.
    """
    with Meter(what, total, unit=unit) as meter:
        for item in items:
            yield item
            meter.advance(size(item))


def _format_count(done: float, total: int | None) -> str:
    return f"{int(done):,}" if total is None else f"{int(done):,} of {total:,}"


def _format_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
