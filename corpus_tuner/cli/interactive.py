"""Search after search: what ``corpus-tuner search INDEX`` does without a query."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

from rich.text import Text

from corpus_tuner.cli.hit_output import explain_hits, show_hits
from corpus_tuner.cli.options import Mode
from corpus_tuner.cli.output import plain, stdout
from corpus_tuner.errors import SearchIndexError

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.hits import Hit
    from corpus_tuner.indexes.searcher import Searcher

_HELP = """\
:k 5              how many documents
:mode dense       by vectors (dense), words (lexical) or both (hybrid); alone: as calibrated
:filter year>=20  only documents with this metadata, also a=b AND c!=d OR e=f*; alone: all
:explain          tell why every document came up, or stop telling
:open 2           show the second document and its views
:quit             leave; Ctrl-D does, too"""


@dataclass(frozen=True)
class Asking:
    """How queries are searched."""

    k: int = 10
    mode: Mode | None = None
    filter: dict[str, Any] = field(default_factory=dict)
    explain: bool = False
    min_probability: float = 0.0

    def find(self, searcher: "Searcher", query: str) -> list["Hit"]:
        """Search."""
        return searcher.search(
            query,
            self.k,
            mode=self.mode,
            filter=self.filter or None,
            min_probability=self.min_probability,
        )

    def show(self, searcher: "Searcher", query: str) -> list["Hit"]:
        """Search, and print what was found."""
        hits = self.find(searcher, query)
        if self.explain:
            explain_hits(query, hits, searcher, self.min_probability)
        else:
            show_hits(query, hits, searcher, self.min_probability)
        return hits


def known_filter(searcher: "Searcher", texts: Sequence[str]) -> dict[str, Any]:
    """Read filters as people type them, and refuse those that the index cannot answer."""
    from corpus_tuner.indexes.filters import compile_filter, parse_filters, resolve

    filter = parse_filters(texts, searcher.fields)
    resolve(compile_filter(filter), searcher.fields)
    return filter


def ask(searcher: "Searcher", asking: Asking) -> None:
    """Read queries and commands line by line until there are no more."""
    if sys.stdin.isatty():
        stdout.print("A query, or :help. Ctrl-D leaves.", style="dim")
    hits: list[Hit] = []
    for line in _lines():
        command, _, rest = line.partition(" ")
        try:
            if command in (":quit", ":q"):
                return
            if command == ":open":
                _open(searcher, hits, rest.strip())
            elif command.startswith(":"):
                asking = _changed(searcher, asking, command, rest.strip())
            else:
                hits = asking.show(searcher, line)
        except SearchIndexError as error:
            stdout.print(Text.assemble(("error: ", "bold red"), plain(str(error))), soft_wrap=True)


def _lines() -> Iterator[str]:
    with suppress(ImportError):
        import readline  # noqa: F401 - gives input() a history and editing
    prompt = "search> " if sys.stdin.isatty() else ""
    with suppress(EOFError):
        while True:
            line = input(prompt).strip()
            if line:
                yield line


def _changed(searcher: "Searcher", asking: Asking, command: str, rest: str) -> Asking:
    """Return how to search from now on."""
    if command == ":explain":
        return replace(asking, explain=not asking.explain)
    if command == ":k" and rest.isdecimal() and int(rest) > 0:
        return replace(asking, k=int(rest))
    if command == ":mode" and rest in get_args(Mode):
        return replace(asking, mode=rest)  # type: ignore[arg-type]
    if command == ":mode" and not rest:
        return replace(asking, mode=None)
    if command == ":filter":
        return replace(asking, filter=known_filter(searcher, [rest] if rest else []))
    if command not in (":help", ":h"):
        said = plain(f"{command} {rest}").plain
        stdout.print(Text(f"{said} is no command, or lacks something:", "yellow"), soft_wrap=True)
    stdout.print(_HELP)
    return asking


def _open(searcher: "Searcher", hits: list["Hit"], rest: str) -> None:
    """Print a document that was found, by its rank, and its views."""
    if not rest.isdecimal() or not 0 < int(rest) <= len(hits):
        stdout.print("there is no such hit: search first, then :open RANK", style="yellow")
        return
    document = hits[int(rest) - 1].document
    found = searcher.read_document(document.id)
    stdout.print(Text(f"\n{plain(document.title or document.id)}", "bold"), soft_wrap=True)
    for name, value in {"id": document.id, **document.metadata}.items():
        stdout.print(Text.assemble((f"{plain(name)}: ", "dim"), plain(str(value))), soft_wrap=True)
    stdout.print(plain(document.text), "\n")
    for view in found[1] if found else []:
        if view.kind != "passage":
            stdout.print(Text.assemble((f"{view.kind}  ", "cyan"), plain(view.text)))
