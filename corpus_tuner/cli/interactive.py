"""Interactive search: ``corpus-tuner search INDEX`` without a query."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

from rich.text import Text

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.hit_output import explain_hits, show_hits, show_warning
from corpus_tuner.errors import SearchIndexError

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.hits import Hit, Hits
    from corpus_tuner.indexes.searcher import Searcher

_HELP = """\
:k 5              number of documents
:mode dense       dense, lexical or hybrid search; without a value: the calibrated mode
:filter year>=20  only documents with this metadata, also a=b AND c!=d OR e=f*; without: all
:collapse         show near-duplicates as one hit, or stop it
:explain          show why every document was found, or stop showing it
:open 2           show the second document and its views
:quit             leave; Ctrl-D does, too"""


@dataclass(frozen=True)
class QueryOptions:
    """Options of searches, and of their output."""

    k: int = 10
    mode: opt.Mode | None = None
    filter: dict[str, Any] = field(default_factory=dict)
    explain: bool = False
    min_probability: float = 0.0
    collapse: bool = True

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `Searcher.search` and `Searcher.rank`."""
        return {
            "k": self.k,
            "mode": self.mode,
            "filter": self.filter or None,
            "min_probability": self.min_probability,
        }

    def search(self, searcher: "Searcher", query: str) -> list["Hit"]:
        """Search, print the hits, and return them."""
        hits: Hits = searcher.search(query, **self.arguments, collapse=self.collapse)
        show = explain_hits if self.explain else show_hits
        show(query, hits, searcher, self.min_probability)
        show_warning(hits)
        return hits


def parse_known_filter(searcher: "Searcher", texts: Sequence[str]) -> dict[str, Any]:
    """Parse filters, and check that the index has their fields."""
    from corpus_tuner.indexes.filters import compile_filter, parse_filters, resolve

    filter = parse_filters(texts, searcher.fields)
    resolve(compile_filter(filter), searcher.fields)
    return filter


def run_prompt(searcher: "Searcher", options: QueryOptions) -> None:
    """Read queries and commands line by line until there are no more."""
    if sys.stdin.isatty():
        out.print_line("A query, or :help. Ctrl-D leaves.", style="dim")
    hits: list[Hit] = []
    for line in _read_lines():
        command, _, rest = line.partition(" ")
        try:
            if command in (":quit", ":q"):
                return
            if command == ":open":
                _show_document(searcher, hits, rest.strip())
            elif command.startswith(":"):
                options = _change_options(searcher, options, command, rest.strip())
            else:
                hits = options.search(searcher, line)
        except SearchIndexError as error:
            out.print_label("error", out.sanitize(str(error)), "bold red")


def _read_lines() -> Iterator[str]:
    with suppress(ImportError):
        import readline  # noqa: F401 - adds a history and editing to input()
    prompt = "search> " if sys.stdin.isatty() else ""
    with suppress(EOFError):
        while True:
            line = input(prompt).strip()
            if line:
                yield line


def _change_options(
    searcher: "Searcher", options: QueryOptions, command: str, rest: str
) -> QueryOptions:
    if command == ":explain":
        return replace(options, explain=not options.explain)
    if command == ":collapse":
        return replace(options, collapse=not options.collapse)
    if command == ":k" and rest.isdecimal() and int(rest) > 0:
        return replace(options, k=int(rest))
    if command == ":mode" and rest in get_args(opt.Mode):
        return replace(options, mode=rest)  # type: ignore[arg-type]
    if command == ":mode" and not rest:
        return replace(options, mode=None)
    if command == ":filter":
        return replace(options, filter=parse_known_filter(searcher, [rest] if rest else []))
    if command not in (":help", ":h"):
        name = out.sanitize(f"{command} {rest}").plain
        out.print_line(f"{name} is not a command, or is incomplete:", style="yellow")
    out.stdout.print(_HELP)
    return options


def _show_document(searcher: "Searcher", hits: list["Hit"], rest: str) -> None:
    """Print a document by its rank, and its views."""
    if not rest.isdecimal() or not 0 < int(rest) <= len(hits):
        out.print_line("there is no such hit: search first, then :open RANK", style="yellow")
        return
    document = hits[int(rest) - 1].document
    found = searcher.read_document(document.id)
    out.print_line(f"\n{out.sanitize(document.title or document.id)}", style="bold")
    for name, value in {"id": document.id, **document.metadata}.items():
        out.print_label(out.sanitize(name).plain, out.sanitize(str(value)), "dim")
    out.stdout.print(out.sanitize(document.text), "\n")
    for view in found[1] if found else []:
        if view.kind != "passage":
            out.stdout.print(Text.assemble((f"{view.kind}  ", "cyan"), out.sanitize(view.text)))
