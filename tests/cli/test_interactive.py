"""Search after search, at a prompt."""

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_search_asks_again_and_again(
    index: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        *(
            ":mode lexical",
            "mill river",
            ":open 1",
            ":open 99",
            ":k 2",
            ":explain",
            ":collapse",
            "über",
        ),
        *(
            ":filter year",
            ":filter yeer=2020",
            ":filter id=mill OR id=d*",
            "mill",
            ":mode psychic",
            "",
            ":quit",
            "never",
        ),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    outcome = run("search", index)
    assert outcome.code == 0, outcome.err
    assert "id: mill" in outcome.out
    assert "there is no such hit" in outcome.out
    assert "words 1 " in outcome.out
    assert "error: the filter 'year' is not like" in outcome.out
    assert "error: no document has the field 'yeer': there are id (text)" in outcome.out
    assert ":mode dense " in outcome.out  # the help
    assert "never" not in outcome.out
