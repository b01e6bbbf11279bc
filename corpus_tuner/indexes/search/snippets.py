"""Snippets: the passage of a hit that matches the query best.

The encoder reads a long document in windows, and one of them is chosen: a single sentence says too
little to a reader or a language model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus_tuner.core.documents import Document, View
from corpus_tuner.text.headings import find_common_headings, find_sections
from corpus_tuner.text.passages import locate_passage
from corpus_tuner.text.quotes import find_quote

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.backend import Index, Match
    from corpus_tuner.indexes.search.plan import Plan


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a document's text: ``document.text[start:end] == text``.

    Attributes
    ----------
    text
        The text; empty where the document has only a title.
    start, end
        Offsets in characters (Unicode code points).
    page
        Number of the page, slide or chapter of the view that matched, if it is in this part, else
        of the beginning, from 1; ``None`` for a text without pages. A form feed ends a page.
    headings
        Headings above the view that matched, if it is in this part, else those below which all of
        it is, outermost first (`corpus_tuner.text.headings.find_sections`); without the title of
        the document.
    """

    text: str
    start: int
    end: int
    page: int | None = None
    headings: tuple[str, ...] = ()


def score_windows(
    index: "Index", plan: "Plan", query: str, document: int, match: "Match", *, dense: bool
) -> list[float]:
    """Return the scores of the windows of a document, given by its number; 0 if it has only one.

    They are similarities if `dense`, otherwise BM25 scores.
    """
    if len(match.windows) <= 1:
        return [0.0] * len(match.windows)
    if dense:
        return [match.similarities.get(view, -math.inf) for view in match.windows]
    ranker = plan.lexical[0]
    how = getattr(plan.settings, ranker)
    scores: list[float] = index.score_windows(
        ranker, query, document, [*match.windows.values()], how
    ).tolist()
    return scores


def choose_snippet(
    document: Document,
    windows: Sequence[str],
    scores: Sequence[float],
    view: View | None,
    *,
    dense: bool = True,
) -> Snippet:
    """Return the best window of a document, by its score; if `dense` among those with a view.

    Where none has it, as with a generated question, it is the best of all. Among equal ones it is
    the first.
    """
    # In views of sentences, words are separated by single spaces.
    quote = (view.support or view.text) if view else ""
    ranked = sorted(
        zip(scores, windows, strict=True),
        key=lambda pair: (bool(dense and quote and not find_quote(pair[1], quote)), -pair[0]),
    )
    located = (locate_window(document, window, quote) for _, window in ranked)
    found = next(filter(None, located), None)
    return found or _cut_snippet(document, 0, len(document.text)) or Snippet("", 0, 0)


def locate_window(document: Document, window: str, quote: str = "") -> Snippet | None:
    """Return the part of a document's text in a window; ``None`` if there is none.

    It has the page and the headings of a quote from it, if it has that.

    Examples
    --------
    >>> document = Document("d", "Mills", "They grind. They stand by rivers.")
    >>> locate_window(document, "Mills They stand by rivers.")
    Snippet(text='They stand by rivers.', start=12, end=33, page=None, headings=())
    """
    span = locate_passage(document, window)
    return _cut_snippet(document, *span, quote) if span else None


def find_page(text: str, start: int) -> int | None:
    r"""Return the number of the page at an offset, from 1; ``None`` for a text without pages.

    Examples
    --------
    >>> find_page("first\fsecond", 6), find_page("no pages", 3)
    (2, None)
    """
    return 1 + text.count("\f", 0, start) if "\f" in text else None


def _cut_snippet(document: Document, start: int, end: int, quote: str = "") -> Snippet | None:
    """Return a part of a text without the white space around it, if anything is left."""
    text = document.text
    part = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    if not part:
        return None
    first, last = find_quote(part, quote) or (0, len(part))
    page = find_page(text, start + first)
    headings = find_common_headings(find_sections(text), (start + first, start + last))
    if headings[:1] == (document.title,):
        headings = headings[1:]
    return Snippet(part, start, start + len(part), page, headings)
