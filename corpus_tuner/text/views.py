"""The views that need no model: a document's passages, its title and its sentences."""

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
    """Which of the document's own words become views, besides its passages.

    Attributes
    ----------
    late_chunking
        Whether vectors of titles, sentences and phrases are pooled from the token states of their
        passage, at no further cost. If not, and with encoders that cannot do so, every one is
        encoded as a separate text.
    title
        Make the title a view.
    sentences
        Make up to so many sentences of a document views; 0 for none. Of a document with more,
        sentences spread evenly over it are taken.
    min_words
        A shorter sentence says too little by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    late_chunking: bool = True
    title: bool = True
    sentences: NonNegativeInt = 64
    min_words: PositiveInt = 4


class Quote(NamedTuple):
    """Some of a document's own words.

    Attributes
    ----------
    text
        As a view shows it, with single spaces.
    span
        Where it stands in the document's whole text.
    """

    text: str
    span: Span


class OwnView(NamedTuple):
    """A view made of the document's own words.

    Attributes
    ----------
    view
        The view.
    span
        Of the whole text.
    """

    view: View
    span: Span


def make_own_views(document: Document, language: str, settings: ViewSettings) -> list[OwnView]:
    """Return the document's title and sentences as views, in this order.

    Parameters
    ----------
    document
        What the views stand for.
    language
        ISO 639-1 code, for finding sentences.
    settings
        Which views to make.

    Examples
    --------
    >>> document = Document("d", "Mills", "The mill grinds wheat.")
    >>> [(view.kind, span) for view, span in make_own_views(document, "en", ViewSettings())]
    [('title', (0, 5)), ('sentence', (6, 28))]
    """
    views = []
    if settings.title and document.title.strip():
        views.append(OwnView(View(document.id, "title", document.title), get_title_span(document)))
    if settings.sentences:
        sentences = find_sentences(document, language, settings.min_words)
        views.extend(
            OwnView(View(document.id, "sentence", text), span)
            for text, span in spread(sentences, settings.sentences)
        )
    return views


def get_title_span(document: Document) -> Span:
    """Return where the title stands in the document's whole text."""
    return 0, len(document.title.strip())


def find_sentences(document: Document, language: str, min_words: int) -> list[Quote]:
    """Return the sentences of a document that have `min_words` or more, without repetitions.

    Blocks of code and tables have none: they are found by their passage and their words.

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


def spread(items: Sequence[_Item], most: int) -> list[_Item]:
    """Return at most so many of the items, spread evenly over them.

    Examples
    --------
    >>> spread(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if len(items) <= most:
        return list(items)
    return [items[number * len(items) // most] for number in range(most)]
