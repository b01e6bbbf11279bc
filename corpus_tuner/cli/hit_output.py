"""What people see of hits: what they are and where they match, or why they came up."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.padding import Padding
from rich.text import Text

from corpus_tuner.cli.output import plain, stdout

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.hits import Hit
    from corpus_tuner.indexes.searcher import Searcher

MOST = 10
"""So many hits are shown where no other number is asked for."""

IMPROBABLE = 0.01
"""Hits with a lower probability are dimmed."""

_LINES = 3  # of a hit
_AROUND = 4  # lines: the command, the query and its blank line, and what the shell asks next
_INDENT = 4
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.*?)(?: +#+)?$", re.MULTILINE)
"""Of Markdown: its marks say nothing on one line."""


def fitting() -> int:
    """Return for how many hits a terminal has room, at most `MOST`."""
    if not stdout.is_terminal:
        return MOST
    return max(1, min(MOST, (stdout.height - _AROUND) // _LINES))


def show_hits(
    query: str, hits: Sequence["Hit"], searcher: "Searcher", min_probability: float = 0.0
) -> None:
    """Print what was found for a query, every hit on three lines: its name, and its passage."""
    _show_query(query)
    width = stdout.width - _INDENT
    for hit in hits:
        marks = searcher.find_shared_words(query, hit.passage.text)
        found = _cut(hit.passage.text, marks, 2 * width, hit.view.support or hit.view.text)
        snippet, *others = found.wrap(stdout, width) or [Text()]
        style = _style(hit)
        stdout.print(_head(hit).append(f"  {hit.view.kind}", "cyan"), style=style, soft_wrap=True)
        for line in (snippet, *others[: _LINES - 2]):
            stdout.print(Padding(line, (0, 0, 0, _INDENT)), style=style)
    if not hits:
        stdout.print(_nothing(min_probability), style="dim")


def _nothing(min_probability: float) -> str:
    """Say that there are no hits, and what may have kept them out."""
    if not min_probability:
        return "nothing was found"
    return (
        f"no document has a probability of {min_probability:g} or more: lower --min-probability to "
        "see the others"
    )


def explain_hits(
    query: str, hits: Sequence["Hit"], searcher: "Searcher", min_probability: float = 0.0
) -> None:
    """Print what was found for a query, and why: ranks, the nearest view, the words they share."""
    from corpus_tuner.indexes.store.search_settings import DENSE_RANKERS

    _show_query(query)
    for hit in hits:
        marks = searcher.find_shared_words(
            query, f"{hit.passage.text} {hit.view.text} {hit.view.support}"
        )
        name = hit.view.maker.partition(" ")[0]
        maker = "" if name == "document" else f"  (written by {name})"
        lines = [
            _ranks(hit),
            Text.assemble((f"{hit.view.kind}  ", "cyan"), _cut(hit.view.text, marks)),
        ]
        lines[-1].append(maker, "dim")
        if hit.view.support:
            lines.append(Text.assemble(("rests on  ", "dim"), _cut(hit.view.support, marks)))
        if hit.view.kind != "passage":
            lines.append(Text.assemble(("passage  ", "dim"), _cut(hit.passage.text, marks)))
        stdout.print(_head(hit), style=_style(hit), soft_wrap=True)
        stdout.print(Padding(Text("\n").join(lines), (0, 0, 1, _INDENT)), style=_style(hit))
    if not hits:
        stdout.print(_nothing(min_probability), style="dim")
    elif len(hits[0].rankers) > 1:
        scale = "" if {*hits[0].rankers} <= {*DENSE_RANKERS} else ", on one scale"
        stdout.print(f"score: the sum of what rankers add, by their weights{scale}", style="dim")


def _show_query(query: str) -> None:
    stdout.print()
    stdout.print(Text.assemble(("query  ", "dim"), (plain(query, 200).plain, "bold")))


def _style(hit: "Hit") -> str:
    return "dim" if hit.probability is not None and hit.probability < IMPROBABLE else ""


def _head(hit: "Hit") -> Text:
    """Return rank, title, id, page, score and probability of a hit."""
    id_ = plain(hit.document.id).plain
    title = plain(hit.document.title).plain or id_
    head = Text.assemble((f"{hit.rank:>2}  ", "dim"), (title, _style(hit) or "bold"))
    head.append("" if title == id_ else f"  {id_}", "dim")
    head.append("" if hit.passage.page is None else f"  page {hit.passage.page}", "dim")
    head.append(f"  {hit.score:.3f}")
    if hit.probability is None:
        return head
    shown = "<1%" if hit.probability < IMPROBABLE else f"{hit.probability:.0%}"
    return head.append(f"  {shown}", "dim")


def _ranks(hit: "Hit") -> Text:
    """Return what every ranker adds to the score, and its rank by each alone."""
    adds, ranks = Text("adds   ", "dim"), Text("rank   ", "dim")
    for name, standing in hit.rankers.items():
        width = len(f"{name} {standing.part:+.2f}")
        rank = "–" if standing.rank is None else str(standing.rank)
        for line, value in ((adds, f"{standing.part:+.2f}"), (ranks, rank)):
            line.append(f"{name} ")
            line.append(f"{value}".ljust(width - len(name) + 1), "default")
    return Text("\n").join((adds, ranks))


def _cut(text: str, marks: Sequence[str], most: int = 280, matched: str = "") -> Text:
    """Return the part of a text with what matched in it, else with the first word that is marked.

    All such words are in bold. It has at most so many characters, but for dots where something is
    left out.
    """
    from corpus_tuner.indexes.lexical.matches import compile_words_pattern

    line = plain(_HEADING.sub(r"\1", text)).plain
    pattern = cast("re.Pattern[str]", compile_words_pattern(marks)) if marks else None
    needle = plain(_HEADING.sub(r"\1", matched)).plain
    start = line.find(needle) if needle else -1
    if start < 0 or start + len(needle) <= most:
        found = pattern.search(line) if pattern and start < 0 else None
        start = max(0, found.start() - most // 3) if found and found.end() > most else 0
        start = line.find(" ", start) + 1 if start else 0
    shown = Text(line[start : start + most])
    if pattern:
        shown.highlight_regex(pattern, "bold green")
    before, after = "… " if start else "", " …" if start + most < len(line) else ""
    return Text.assemble(before, shown, after)
