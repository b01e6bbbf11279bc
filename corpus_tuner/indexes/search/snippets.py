"""The passage of a found document that a query is about: for snippets, and for prompts.

The encoder reads a long document in windows, and one of these is chosen: a sentence by itself says
too little to a reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from corpus_tuner.core.documents import Document, View


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a document's text: ``document.text[start:end] == text``.

    Attributes
    ----------
    text
        What stands there; empty where the document has a title alone.
    start, end
        Where, in characters (Unicode code points).
    page
        The page, slide or chapter in which it begins, from 1; ``None`` for a text without pages. A
        form feed ends a page.
    """

    text: str
    start: int
    end: int
    page: int | None = None


_NOTHING = Snippet("", 0, 0)


def choose(
    document: Document, windows: Sequence[str], scores: Sequence[float], matched: View | None
) -> Snippet:
    """Return the best window of a document, of those that hold what matched.

    Where none does, as a question that was written for a document is in none, it is the best of
    all. Of equal ones it is the first.

    Parameters
    ----------
    document
        What was found.
    windows
        Of it, in order; at least one.
    scores
        Of the windows.
    matched
        The view that is nearest to the query; ``None`` where words brought more than vectors.
    """
    needle = _spaced(matched.support or matched.text) if matched else ""
    ranked = sorted(
        zip(scores, windows, strict=True),
        key=lambda pair: (needle not in _spaced(pair[1]), -pair[0]),
    )
    shown = (locate(document, window) for _, window in ranked)
    return next(filter(None, shown), _part(document.text, 0, len(document.text)) or _NOTHING)


def locate(document: Document, window: str) -> Snippet | None:
    """Return what a window shows of a document's text; ``None`` where that is nothing.

    A window is cut out of title and text, or out of the text with the title put in front.

    Examples
    --------
    >>> document = Document("d", "Mills", "They grind. They stand by rivers.")
    >>> locate(document, "Mills They stand by rivers.")
    Snippet(text='They stand by rivers.', start=12, end=33, page=None)
    """
    title, text = document.title, document.text
    at = f"{title} {text}".find(window)
    if at >= 0:
        start = at - len(title) - 1
        passage = _part(text, max(0, start), max(0, start + len(window)))
        if passage:
            return passage
    own = window.removeprefix(title.lstrip()).strip()
    at = text.find(own)
    return _part(text, at, at + len(own)) if at >= 0 else None


def _part(text: str, start: int, end: int) -> Snippet | None:
    """Return a part of a text without the white space around it, if anything is left."""
    part = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    if not part:
        return None
    page = 1 + text.count("\f", 0, start) if "\f" in text else None
    return Snippet(part, start, start + len(part), page)


def _spaced(text: str) -> str:
    """Return a text with single spaces, as views of sentences have them."""
    return " ".join(text.split())
