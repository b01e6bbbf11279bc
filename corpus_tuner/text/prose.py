"""Detection of prose: text without blocks of code and tables, which have no sentences."""

import re

from corpus_tuner.encoders import Span

_FENCE = re.compile(r" {0,3}(`{3,})([^`\n]*)$")
_RULE_OF_TABLE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?|\|\s*:?-+:?\s*\|")


def find_prose(text: str) -> list[Span]:
    r"""Return the spans of a text without fenced code and tables, as in Markdown.

    A fence that is not closed is text.

    Examples
    --------
    >>> text = "The mill:\n```\ngrind()\n```\nIt grinds."
    >>> [text[start:end] for start, end in find_prose(text)]
    ['The mill:\n', 'It grinds.']
    """
    if "```" not in text and "|" not in text:
        return [(0, len(text))] if text else []
    lines = text.splitlines(keepends=True)
    skipped = _mark_code(lines)
    _mark_tables(lines, skipped)
    spans: list[Span] = []
    position = 0
    for line, skip in zip(lines, skipped, strict=True):
        end = position + len(line)
        if not skip:
            joined = spans and spans[-1][1] == position
            spans[-1:] = [(spans[-1][0], end)] if joined else [*spans[-1:], (position, end)]
        position = end
    return spans


def _mark_code(lines: list[str]) -> list[bool]:
    """Return for each line whether it is code or a fence."""
    skipped = [False] * len(lines)
    fence, opened = "", 0
    for number, line in enumerate(lines):
        found = _FENCE.match(line.rstrip())
        if not found:
            continue
        if not fence:
            fence, opened = found[1], number
        elif len(found[1]) >= len(fence) and not found[2]:
            skipped[opened : number + 1] = [True] * (number + 1 - opened)
            fence = ""
    return skipped


def _mark_tables(lines: list[str], skipped: list[bool]) -> None:
    """Mark the lines of tables: a header, a rule, and rows up to a line without a bar."""
    inside = False
    for number, line in enumerate(lines):
        if (
            number
            and not inside
            and "|" in lines[number - 1]
            and _RULE_OF_TABLE.fullmatch(line.strip())
        ):
            inside = not skipped[number]
            skipped[number - 1] |= inside
        inside = inside and "|" in line
        skipped[number] |= inside
