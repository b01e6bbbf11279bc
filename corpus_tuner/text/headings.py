r"""Headings of a text, as Markdown and reStructuredText write them.

They are found in the text itself, so that documents of any source can have them: HTML, Word and
EPUB are read as Markdown, and a record can be written in it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from corpus_tuner.encoders import Span
from corpus_tuner.text.prose import find_prose

_MARKS = "=-~*^\"'`+.:_"
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_CLOSING_SIGNS = re.compile(r"(?:^|[ \t])#+$")
_RULE = re.compile(rf"([{re.escape(_MARKS)}])\1\1+$")
_HAS_HEADINGS = re.compile(rf"(?:\A|[\n\f])(?: {{0,3}}#|([{re.escape(_MARKS)}])\1\1)")
_NO_HEADING = re.compile(r"[-*+>|]|\W*$")


class Section(NamedTuple):
    """A heading with the text below it, up to the next heading.

    Attributes
    ----------
    start, end
        Span in the text; the heading is at its start.
    headings
        The heading and those above it, outermost first; none in the text before the first heading.
    """

    start: int
    end: int
    headings: tuple[str, ...]


@lru_cache(maxsize=16)  # a search looks for the headings of a hit more than once
def find_sections(text: str) -> tuple[Section, ...]:
    r"""Return the sections of a text, which cover it.

    A heading is a line behind one to six number signs; or a line below a blank one that is
    underlined to its end by a punctuation mark, and has the level of the same mark above it. Blocks
    of code have no headings.

    Examples
    --------
    >>> text = "# Mill\n\nIt grinds.\n\n## Wheel\n\nIt turns.\n"
    >>> [(section.start, section.headings) for section in find_sections(text)]
    [(0, ('Mill',)), (20, ('Mill', 'Wheel'))]
    >>> find_sections("Wheel\n=====\n\nIt turns.")
    (Section(start=0, end=22, headings=('Wheel',)),)
    """
    sections = []
    start, path = 0, list[_Heading]()
    for heading in _find_headings(text):
        if text[start : heading.start].strip():
            sections.append(Section(start, heading.start, tuple(each.title for each in path)))
            start = heading.start
        path = [*(each for each in path if each.level < heading.level), heading]
    return (*sections, Section(start, len(text), tuple(each.title for each in path)))


def find_common_headings(sections: Sequence[Section], span: Span) -> tuple[str, ...]:
    """Return the headings below which all of a span is, outermost first.

    Examples
    --------
    >>> sections = [Section(0, 9, ("Mill", "Wheel")), Section(9, 20, ("Mill", "Stone"))]
    >>> find_common_headings(sections, (2, 5)), find_common_headings(sections, (2, 12))
    (('Mill', 'Wheel'), ('Mill',))
    """
    start, end = span
    first = bisect_right(sections, start, key=lambda section: section.start) - 1
    common = sections[first].headings
    for section in sections[first + 1 :]:
        if section.start >= end:
            break
        while section.headings[: len(common)] != common:
            common = common[:-1]
    return common


class _Heading(NamedTuple):
    start: int
    level: int
    title: str


def _find_headings(text: str) -> Iterator[_Heading]:
    if not _HAS_HEADINGS.search(text):
        return
    marks: list[str] = []  # below headings, in the order of their levels
    for start, end in find_prose(text):
        at = above_at = start
        before = above = ""
        for ended in text[start:end].splitlines(keepends=True):
            line = ended.rstrip()
            found = _HEADING.match(line)
            if found and (title := " ".join(_CLOSING_SIGNS.sub("", found[2]).split())):
                yield _Heading(at, len(found[1]), title)
                line = ""
            elif _RULE.match(line) and _is_underlined(above, len(line), before):
                marks += [] if line[0] in marks else [line[0]]
                yield _Heading(above_at, 1 + marks.index(line[0]), " ".join(above.split()))
                line = ""
            before, above, above_at = above, line, at
            at += len(ended)


def _is_underlined(line: str, length: int, before: str) -> bool:
    """Tell whether a line above a line of marks is a heading, given the line before it."""
    return len(line) <= length and not before.strip(_MARKS) and not _NO_HEADING.match(line)
