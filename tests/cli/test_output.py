"""Output that several commands have: whatever a corpus says, it is one safe line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.cli import output as out


@settings(max_examples=25)
@given(st.text(), st.integers(1, 40))
def test_text_of_a_corpus_is_one_line_without_control_characters(text: str, limit: int) -> None:
    line = out.sanitize(text, limit).plain
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in line)


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert out.sanitize("the  old\nmill", 8).plain == "the old…"
    assert out.sanitize("the  old\nmill").plain == "the old mill"


def test_an_error_is_printed_without_markup_or_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as leaving:
        out.fail("[bold]\x1b[31m bad\nsecond line", 2)
    assert leaving.value.code == 2
    printed = capsys.readouterr()
    assert printed.err == "error: [bold] [31m bad\nsecond line\n"
    assert printed.out == ""


def test_skipped_records_are_printed_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    out.show_skipped("skipped", {}, {})
    assert capsys.readouterr().out == ""
    out.show_skipped("skipped", {"empty": 1200, "missing": 1}, {"empty": ["a"], "missing": ["b"]})
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["skipped: 1,201", "1,200  empty: a, ...", "1  missing: b"]


def test_json_is_printed_with_its_letters(capsys: pytest.CaptureFixture[str]) -> None:
    out.print_json({"title": "Mühle"})
    printed = capsys.readouterr().out
    assert "Mühle" in printed
    assert json.loads(printed) == {"title": "Mühle"}
