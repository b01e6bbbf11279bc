"""Headings: which lines are some, and in which sections they divide a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.text.headings import Section, find_common_headings, find_sections

lines = st.sampled_from(
    ["# Mill", "## Wheel #", "##", "#tag", "Stone", "-----", "=====", "", "\f", "```", "It grinds."]
)


def list_paths(text: str) -> list[tuple[str, ...]]:
    return [section.headings for section in find_sections(text)]


def test_markdown() -> None:
    text = "Before.\n# Mill\n\n### Wheel ###\nIt turns.\n## The C# of mills\n\nx\n# Bread\ny"
    assert list_paths(text) == [
        (),
        ("Mill",),
        ("Mill", "Wheel"),
        ("Mill", "The C# of mills"),
        ("Bread",),
    ]


def test_restructured_text() -> None:
    text = (
        "*****\nMills\n*****\n\nThey grind.\n\nWheels\n======\n\nThey turn.\n\n"
        "Of wood\n-------\n\nThey rot.\n\nStones\n======\n\nThey wear.\n"
    )
    assert list_paths(text) == [
        (),
        ("Mills",),
        ("Mills", "Wheels"),
        ("Mills", "Wheels", "Of wood"),
        ("Mills", "Stones"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It grinds.",
        "#tag and #another",
        "####### seven",
        "#\n##  ##\nIt grinds.",
        "```\n# a comment\n```\nIt grinds.",
        "    # code, or a quotation",
        "The mill\n---",  # a rule, as it is shorter
        "Two lines of\nthe same paragraph\n------------------",
        "- an item\n---------\n",
        "-----\n-----",
        "| year | mill |\n|---|---|\n| 1850 | old |",
        "The mill\n\n--------",
    ],
)
def test_texts_without_headings(text: str) -> None:
    assert find_sections(text) == (Section(0, len(text), ()),)


def test_every_page_can_begin_with_a_heading() -> None:
    assert list_paths("# One\n\na\n\n\f# Two\n\nb\n\n\f") == [("One",), ("Two",)]


@given(st.lists(lines, max_size=12).map("\n".join))
@settings(max_examples=200)
def test_sections_cover_the_text(text: str) -> None:
    sections = find_sections(text)
    assert "".join(text[section.start : section.end] for section in sections) == text
    for section in sections:
        assert all(heading in text for heading in section.headings)
        assert find_common_headings(sections, (section.start, section.end)) == section.headings
    common = find_common_headings(sections, (0, len(text)))
    assert all(section.headings[: len(common)] == common for section in sections)


def test_long_lines_take_no_time() -> None:
    text = f"# a{' ' * 300_000}b\n# c{' #' * 100_000}\n{'- ' * 100_000}\n"
    assert [len(section.headings) for section in find_sections(text)] == [1, 1]
