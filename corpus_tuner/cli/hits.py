"""What people see of hits: a table, or why they came up."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from corpus_tuner.cli.output import plain, stdout, table

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.hits import Hit
    from corpus_tuner.indexes.search.searcher import Searcher

_SNIPPET = 280  # characters
_LEAD = 80  # of them before the first word that is marked


def show_hits(query: str, hits: Sequence["Hit"]) -> None:
    """Print what was found for a query."""
    _show_query(query)
    rows = table("", "score", "document", "what matched", right=("", "score"))
    rows.columns[-1].ratio = 1
    rows.expand = True
    for hit in hits:
        title = plain(hit.document.title or hit.document.id, 40)
        matched = hit.view.text.removeprefix(hit.document.title).strip() or hit.view.text
        rows.add_row(
            str(hit.rank),
            f"{hit.score:.3f}",
            Text.assemble(title, "\n", (plain(hit.document.id, 40).plain, "dim")),
            Text.assemble((f"{hit.view.kind}: ", "dim"), plain(matched, 100)),
        )
    stdout.print(rows if hits else Text("nothing was found", "dim"))


def explain_hits(query: str, hits: Sequence["Hit"], searcher: "Searcher") -> None:
    """Print what was found for a query, and why: ranks, the nearest view, the words they share."""
    from corpus_tuner.indexes.search.settings import DENSE_RANKERS

    _show_query(query)
    for hit in hits:
        title = plain(hit.document.title or hit.document.id).plain
        marks = searcher.shared_words(query, f"{title} {hit.document.text} {hit.view.text}")
        head = Text.assemble((f"{hit.rank:>2}  ", "dim"), (title, "bold"))
        head.append(f"  {plain(hit.document.id, 60).plain}", "dim")
        head.append(f"  {hit.score:.3f}")
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
            lines.append(Text.assemble(("text  ", "dim"), _cut(hit.document.text, marks)))
        stdout.print(head, soft_wrap=True)
        stdout.print(Padding(Text("\n").join(lines), (0, 0, 1, 4)))
    if not hits:
        stdout.print("nothing was found", style="dim")
    elif len(hits[0].rankers) > 1:
        scale = "" if {*hits[0].rankers} <= {*DENSE_RANKERS} else ", on one scale"
        stdout.print(f"score: the sum of what rankers add, by their weights{scale}", style="dim")


def _show_query(query: str) -> None:
    stdout.print()
    stdout.print(Text.assemble(("query  ", "dim"), (plain(query, 200).plain, "bold")))


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


def _cut(text: str, marks: Sequence[str]) -> Text:
    """Return the part of a text with the first word that is marked, all such words in bold."""
    line = plain(text).plain
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, marks))})\b") if marks else None
    found = pattern.search(line) if pattern else None
    start = max(0, found.start() - _LEAD) if found else 0
    start = line.find(" ", start) + 1 if start else 0
    shown = Text(line[start : start + _SNIPPET])
    if pattern:
        shown.highlight_regex(pattern, "bold green")
    before, after = "… " if start else "", " …" if start + _SNIPPET < len(line) else ""
    return Text.assemble(before, shown, after)
