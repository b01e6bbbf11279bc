"""The views that need no model: a document's passages, its title and its sentences."""

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.sentences import split_sentences


class ViewSettings(BaseModel):
    """Which of the document's own words become views, besides its passages.

    Attributes
    ----------
    title
        Make the title a view.
    sentences
        Make up to so many sentences of a document views; 0 for none. Of a document with more,
        sentences spread evenly over it are taken.
    min_words
        A shorter sentence says too little by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: bool = True
    sentences: NonNegativeInt = 64
    min_words: PositiveInt = 4


def own_views(
    document: Document, passages: list[str], language: str, settings: ViewSettings
) -> list[View]:
    """Return the document's passages, title and sentences as views, in this order.

    Parameters
    ----------
    document
        What the views stand for.
    passages
        Its text as the encoder can read it (`corpus_tuner.passages`).
    language
        ISO 639-1 code, for finding sentences.
    settings
        Which views to make.

    Examples
    --------
    >>> document = Document("d", "Mills", "The mill grinds wheat.")
    >>> [view.kind for view in own_views(document, ["Mills ..."], "en", ViewSettings())]
    ['passage', 'title', 'sentence']
    """
    views = [View(document.id, "passage", passage) for passage in passages]
    if settings.title and document.title:
        views.append(View(document.id, "title", document.title))
    if settings.sentences:
        sentences = view_sentences(document, language, settings.min_words)
        views.extend(
            View(document.id, "sentence", sentence)
            for sentence in spread(sentences, settings.sentences)
        )
    return views


def view_sentences(document: Document, language: str, min_words: int) -> list[str]:
    """Return the sentences of a document that have `min_words` or more, each once.

    Examples
    --------
    >>> document = Document("d", "Mills", "The mill grinds wheat. Yes. The river turns it.")
    >>> view_sentences(document, "en", min_words=4)
    ['The mill grinds wheat.', 'The river turns it.']
    """
    sentences = (" ".join(part.split()) for part in split_sentences(document.text, language))
    return list(dict.fromkeys(text for text in sentences if len(text.split()) >= min_words))


def spread(items: list[str], most: int) -> list[str]:
    """Return at most so many of the items, spread evenly over them.

    Examples
    --------
    >>> spread(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if len(items) <= most:
        return items
    return [items[number * len(items) // most] for number in range(most)]
