"""Markdown as people have it: front matter that is hardly YAML, and pictures within the text."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus
from corpus_tuner.corpora.formats import markdown

BASE64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" * 3

STRICT: dict[str, dict[str, Any]] = {
    "year: 1850\ntags: [a, b]": {"year": 1850, "tags": ["a", "b"]},
    "tags: #kitchen #roof": {"tags": "#kitchen #roof"},
    "tags: # none yet": {"tags": None},
    "a: 1\na: 2": {"a": 2},
    "": {},
}
LOOSE: dict[str, dict[str, Any]] = {
    "name: Part 1: The wheel\nyear: 1850": {"name": "Part 1: The wheel", "year": 1850},
    "author: @ann\nyear: 1850": {"author": "@ann", "year": 1850},
    "name: {{ name }}\nyear: 1850": {"year": 1850},
    "name:\tTabs\nyear:\t1850": {"name": "Tabs", "year": 1850},
    "tags:\n\t- a\n\t- b": {"tags": ["a", "b"]},
    "tags:\n- @a\n- b: c: d": {"tags": ["@a", "b: c: d"]},
    "name: [Draft] The wheel": {"name": "[Draft] The wheel"},
    "name: 'The wheel": {"name": "The wheel"},
    "name: *new* wheel": {"name": "*new* wheel"},
    "a: &x [1]\nb: *x": {"a": [1], "b": "*x"},
    "day: 2026-13-45": {"day": "2026-13-45"},
    "name: `wheel`\n\n# a comment\nyear: 1850": {"name": "`wheel`", "year": 1850},
    "name: % of all": {"name": "% of all"},
    "text: first\n second: third: x": {"text": "first second: third: x"},
    "a: [x\nyear: 1850": {"a": "[x", "year": 1850},
}


@pytest.mark.parametrize("yaml", STRICT)
def test_front_matter(yaml: str) -> None:
    parsed = markdown.parse(f"---\n{yaml}\n---\nIt grinds.")
    assert (parsed.metadata, parsed.notes) == (STRICT[yaml], ())
    assert parsed.text == "It grinds."


@pytest.mark.parametrize("yaml", LOOSE)
def test_front_matter_that_is_not_strict(yaml: str, tmp_path: Path) -> None:
    parsed = markdown.parse(f"---\n{yaml}\n---\nIt grinds.")
    assert (parsed.text, parsed.metadata) == ("It grinds.", LOOSE[yaml])
    (tmp_path / "a.md").write_text(f"---\n{yaml}\n---\nIt grinds.", encoding="utf-8")
    corpus = Corpus(tmp_path)
    (document,) = corpus
    assert document.text == "It grinds."
    assert corpus.skipped == {"front matter that is not YAML": 1}


@pytest.mark.parametrize(
    "text",
    [
        "---\nA rule above [and below.\n---\nIt grinds.",
        "---\nOnly a rule: it is not closed.",
        "---\n\nIt grinds.",
        "+++\nIt grinds.",
        "+++\nAn aside.\n+++\nIt grinds.",
    ],
)
def test_rules_are_no_front_matter(text: str) -> None:
    assert markdown.parse(text) == (text, "", {}, ())


def test_lines_that_are_no_fields_are_text() -> None:
    parsed = markdown.parse("---\nname: [The wheel\nIt turns, slowly.\n---\nIt grinds.")
    assert parsed.metadata == {"name": "[The wheel"}
    assert parsed.text == "It turns, slowly.\nIt grinds."


@pytest.mark.parametrize("value", [".nan", "-.inf", '"\\ud83d"', "{a: {1: 2}}"])
def test_fields_that_cannot_be_stored_are_counted(value: str) -> None:
    parsed = markdown.parse(f"---\nyear: 1850\nbad: {value}\n---\nIt grinds.")
    assert (parsed.text, parsed.metadata) == ("It grinds.", {"year": 1850})
    ((reason, detail),) = parsed.notes
    assert reason == "fields of front matter left out"
    assert detail


def test_toml() -> None:
    parsed = markdown.parse('+++\ntitle = "Mill"\nday = 2026-03-01\n+++\nIt grinds.')
    assert parsed == ("It grinds.", "Mill", {"day": "2026-03-01"}, ())
    parsed = markdown.parse("+++\ntitle = Mill\n+++\nIt grinds.")
    assert (parsed.text, parsed.notes[0][0]) == ("It grinds.", "front matter that is not TOML")


@given(st.text() | st.text("---+ab: #[{'\"\n\t-&*"))
def test_no_text_breaks_markdown(text: str) -> None:
    markdown.parse(text)
    for rule in ("---", "+++"):
        assert "It grinds." in markdown.parse(f"{rule}\n{text}\n{rule}\n\nIt grinds.").text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"A ![wheel](data:image/png;base64,{BASE64}) turns.", "A wheel turns."),
        ("A ![](data:image/png;base64,iVBORw0KGgo=) turns.", "A  turns."),
        (f'A ![w](<data:image/png;base64,{BASE64}> "a wheel") turns.', "A w turns."),
        (f"A [file](data:text/plain,{BASE64}) here.", "A file here."),
        (f"A ![wheel][w] turns.\n\n[w]: data:image/png;base64,{BASE64}\n\nEnd.", None),
        (f"A ![wheel][w] turns.\n\n[w]: <data:image/png;base64,{BASE64}> 'x'\n\nEnd.", None),
        (f'A <img alt="wheel" src="data:image/png;base64,{BASE64}"> turns.', None),
        (f"A <img src='data:image/png;base64,{BASE64[:76]}\n{BASE64}'> turns.", None),
        (f"A <p style='background: url(data:image/gif;base64,{BASE64})'>wheel</p> turns.", None),
        (f"data:image/png;base64,{BASE64}\nA wheel turns.", None),
    ],
)
def test_images_in_the_text_are_dropped(text: str, left: str | None) -> None:
    parsed = markdown.parse(text)
    assert BASE64[:20] not in parsed.text
    assert "iVBOR" not in parsed.text
    assert parsed.text == left if left else " turns." in parsed.text and "A " in parsed.text


def test_what_is_said_of_data_is_read() -> None:
    numbers = ",".join(map(str, range(100)))
    for text in (
        "Write `data:text/plain,hello` or url(data:,x), where data: stands for it.",
        f"The data:{numbers} was measured.",
    ):
        assert markdown.parse(text).text == text
