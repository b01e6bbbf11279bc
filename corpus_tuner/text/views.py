"""Views that are parts of a document: its title and its sentences."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Span
from corpus_tuner.text.passages import find_text_start
from corpus_tuner.text.prose import find_prose
from corpus_tuner.text.sentences import split_sentences

_Item = TypeVar("_Item")


class ViewSettings(BaseModel):
    """Settings of the views that are parts of a document, besides its passages.

    Attributes
    ----------
    late_chunking
        Whether vectors of titles, sentences and phrases are pooled from the token states of their
        passage, at no further cost. If not, and with encoders that cannot do so, every one is
        encoded as a separate text.
    title
        Whether the title is a view.
    sentences
        Maximum number of sentences of a document that are views, spread evenly over it; 0 for none,
        ``None`` for all.
    min_words
        Minimum number of words of a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    late_chunking: bool = True
    title: bool = True
    sentences: NonNegativeInt | None = None
    min_words: PositiveInt = 4


class Quote(NamedTuple):
    """Part of a document: its text with single spaces, and its span in the full text."""

    text: str
    span: Span


class OwnView(NamedTuple):
    """View that is a part of a document, and its span in the full text."""

    view: View
    span: Span


def make_own_views(document: Document, language: str, settings: ViewSettings) -> list[OwnView]:
    """Return the title and the sentences of a document as views, in this order.

    Examples
    --------
    >>> document = Document("d", "Mills", "The mill grinds wheat.")
    >>> [(view.kind, span) for view, span in make_own_views(document, "en", ViewSettings())]
    [('title', (0, 5)), ('sentence', (6, 28))]
    """
    views = []
    if settings.title and document.title.strip():
        views.append(OwnView(View(document.id, "title", document.title), get_title_span(document)))
    if settings.sentences != 0:
        sentences = find_sentences(document, language, settings.min_words)
        views.extend(
            OwnView(View(document.id, "sentence", text), span)
            for text, span in spread(sentences, settings.sentences)
        )
    return views


def get_title_span(document: Document) -> Span:
    """Return the span of the title in the full text of a document."""
    return 0, len(document.title.strip())


def find_sentences(document: Document, language: str, min_words: int) -> list[Quote]:
    """Return the sentences of a document that have `min_words` or more, without repetitions.

    Blocks of code and tables have none: they are found by their passage and their terms.

    Examples
    --------
    >>> document = Document("d", "Mills", "The mill grinds wheat. Yes. The river turns it.")
    >>> find_sentences(document, "en", min_words=4)[1]
    Quote(text='The river turns it.', span=(34, 53))
    """
    found: dict[str, Quote] = {}
    for first, last in find_prose(document.text):
        start = find_text_start(document) + first
        for part in split_sentences(document.text[first:last], language):
            text = " ".join(part.split())
            if len(text.split()) >= min_words and text not in found:
                blank = len(part) - len(part.lstrip())
                found[text] = Quote(text, (start + blank, start + len(part.rstrip())))
            start += len(part)
    return list(found.values())


def spread(items: Sequence[_Item], most: int | None) -> list[_Item]:
    """Return at most `most` items, spread evenly over all; all if it is ``None``.

    Examples
    --------
    >>> spread(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if most is None or len(items) <= most:
        return list(items)
    return [items[number * len(items) // most] for number in range(most)]
