"""Progress, as a log and as a terminal have it."""

from collections.abc import Iterator
from time import sleep

import pytest
from rich.console import Console

from corpus_tuner.core import progress
from corpus_tuner.core.progress import Meter, add_prefix, set_quiet, show_activity, track


@pytest.fixture(autouse=True)
def _as_usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.01)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    set_quiet(False)
    yield
    set_quiet(False)


def _wait_for(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    shown = ""
    for _ in range(1_000):
        shown += capsys.readouterr().err
        if text in shown:
            return shown
        sleep(0.01)
    raise AssertionError(f"{text!r} is not in {shown!r}")


def test_a_log_has_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with add_prefix("scifact"), Meter("searching", lambda: 1_200, unit="queries") as meter:
        meter.advance(300, "by words")
        line = _wait_for("300", capsys).splitlines()[-1]
    assert line.startswith("scifact: searching: 300 of 1,200 queries, ")
    assert line.endswith("left (by words)")
    with show_activity("merging"):
        assert _wait_for("merging: 0:00 so far", capsys)


def test_what_is_short_says_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 60.0)
    assert list(track("abc", "counting", lambda: 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_a_terminal_has_bars_and_bars_within_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(progress, "_console", Console(stderr=True))  # it looked at the terminal
    with add_prefix("sample"):
        with show_activity("checking"):
            pass
        for _ in track(range(1_000), "reading", lambda: 1_000):
            pass
        with show_activity("outer"), show_activity("inner"):
            pass
    shown = capsys.readouterr().err
    for part in ("sample: reading", "sample: checking", "1,000 of 1,000", "0:00 left"):
        assert part in shown


def test_quiet_is_quiet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_quiet(True)
    for terminal in "01":
        monkeypatch.setenv("TTY_COMPATIBLE", terminal)
        with show_activity("checking"), Meter("reading", lambda: 2) as meter:
            meter.advance()
            sleep(0.05)
    assert capsys.readouterr().err == ""
