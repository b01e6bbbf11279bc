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
        self._what = f"{_work.get()}{what}"
        self._count_items = total
        self._total: int | None = None
        self._done: float = done
        self._done_before = done
        self._unit = unit
        self._note = ""
        self._start_time = monotonic()
        self._bar: Progress | None = None
        self._stopped = Event()
        self._lines: Thread | None = None

    def __enter__(self) -> "Meter":
        """Show the progress."""
        mode = _mode.get()
        if mode != "nothing" and _is_interactive():
            self._total = self._count_items()
            described = TextColumn("{task.description}", table_column=Column(no_wrap=True))
            columns = (described, BarColumn(_BAR), _Status(self._describe))
            self._bar = Progress(*columns, console=_console, transient=True)
            self._bar.add_task(self._what, total=self._total, completed=int(self._done))
            self._bar.start()
        elif mode == "lines":
            self._lines = Thread(target=self._print_lines, daemon=True)
            self._lines.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the progress."""
        if self._bar:
            self._bar.stop()
        if self._lines:
            self._stopped.set()
            self._lines.join()

    def advance(self, by: float = 1, note: str = "") -> None:
        """Add finished items, or parts of one, and a text shown after the progress."""
        self._done += by
        self._note = note
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def _print_lines(self) -> None:
        """Print a line at intervals, for logs and pipes; items are counted before the first."""
        while not self._stopped.wait(SECONDS_BETWEEN_LINES):
            if self._total is None:
                self._total = self._count_items()
            print(f"{self._what}: {self._describe()}", file=sys.stderr, flush=True)

    def _describe(self) -> str:
        seconds = max(monotonic() - self._start_time, 1e-9)  # of a coarse clock
        if not self._unit:
            return f"{_format_time(seconds)} so far"
        of = "" if self._total is None else f" of {self._total:,}"
        unit = f" {self._unit}" if self._lines else ""  # bars have less room
        parts = [f"{int(self._done):,}{of}{unit}"]
        rate = (self._done - self._done_before) / seconds
        if rate:
            parts.append(f"{rate:,.1f}/s" if rate >= 0.5 else f"{1 / rate:,.1f} s each")
            if self._total is not None:
                parts.append(f"{_format_time((self._total - self._done) / rate)} left")
        return ", ".join(parts) + (f" ({self._note})" if self._note else "")


class _Status(ProgressColumn):
    """Column with the numbers of a meter."""

    def __init__(self, describe: Callable[[], str]) -> None:
        super().__init__(Column(no_wrap=True))
        self._describe = describe

    def render(self, task: Task) -> Text:
        """Return the numbers as text."""
        return Text(self._describe())


def _is_interactive() -> bool:
    """Tell whether there is a terminal, or a notebook with widgets."""
    return _console.is_terminal or (_console.is_jupyter and find_spec("ipywidgets") is not None)


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
    """Yield items and show the progress, as `Meter` does; `size` returns the size of an item."""
    with Meter(what, total, unit=unit) as meter:
        for item in items:
            yield item
            meter.advance(size(item))


def _format_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
