"""Passages: parts of documents within the token limit of the encoder.

A document that fits is one passage, title and text. The first passage of any other is what the
encoder would read of it, cut at its limit; the others are overlapping windows at sentence borders,
which cover the document with it, each with the title in front. A document of more than three
passages is long: rankers score it by its best passage.

Headings (`corpus_tuner.text.headings`) are context: a window has in front the title and the
headings above its beginning, ``title > heading > sub-heading``. A window that is half full ends
before the next heading, and nothing is repeated behind it.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.text.headings import Section, find_sections
from corpus_tuner.text.sentences import split_sentences

_REST_OF_WORD = re.compile(r"\w*")


class Passage(NamedTuple):
    """Part of a document that is encoded in one pass.

    Attributes
    ----------
    text
        Text that is encoded.
    start
        Offset in the full text of the document.
    front
        Number of characters before that: the title and the headings in front of a window.
    """

    text: str
    start: int = 0
    front: int = 0

    def measure_context(self, span: Span) -> tuple[int, int]:
        """Return the numbers of characters of a span in this passage, and of its context."""
        start, end = self.locate(span)
        before, after = start - self.front, len(self.text) - end
        inside = (end - start) + min(0, before) + min(0, after)
        return inside, min(before, after)

    def locate(self, span: Span) -> Span:
        """Return a span of the full text as a span of this passage; it may exceed the passage."""
        shift = self.front - self.start
        return span[0] + shift, span[1] + shift


class PassageSettings(BaseModel):
    """Settings of the passages of long documents.

    Attributes
    ----------
    tokens
        Maximum number of tokens of a window, at most as many as the encoder reads.
    overlap
        Maximum number of tokens of whole sentences at the end of a window that are repeated at the
        start of the next.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: Annotated[int, Field(ge=16)] = 256
    overlap: NonNegativeInt = 32


def is_long(passages: int) -> bool:
    """Tell whether a document of this many passages is scored by the best one (MaxP).

    The passages of shorter documents, of which the last may be a short rest, match by chance more
    often than they gain.
    """
    return passages > 3


def get_full_text(document: Document) -> str:
    """Return title and text, in which the spans of a document are counted.

    Examples
    --------
    >>> get_full_text(Document("d", "Mills", "They grind."))
    'Mills They grind.'
    """
    return f"{document.title} {document.text}".strip()


def join_path(title: str, headings: tuple[str, ...]) -> str:
    """Return title and headings as they stand in front of a window.

    Examples
    --------
    >>> join_path("Mills", ("Water mills", "Wheels"))
    'Mills > Water mills > Wheels'
    """
    repeated = headings[:1] == (title,)
    return " > ".join(filter(None, (title, *headings[repeated:])))


def locate_passage(document: Document, passage: str) -> Span | None:
    """Return the span of a passage in the text of a document, without what stands in front of it.

    It is ``None`` where the passage has nothing of the text.

    Examples
    --------
    >>> document = Document("d", "Mills", "They grind. They stand by rivers.")
    >>> locate_passage(document, "Mills They stand by rivers.")
    (12, 33)
    """
    title, text = document.title.lstrip(), document.text
    whole = Section(0, len(text), ())
    fronts = (
        (section, join_path(title, headings))
        for section in find_sections(text)
        for headings in (section.headings, section.headings[:-1])
    )
    for section, front in chain(fronts, [(whole, title), (whole, "")]):
        if passage.startswith(front) and (own := passage.removeprefix(front).strip()):
            at = text.find(own, section.start, section.end + len(own))
            if at >= 0:
                return at, at + len(own)
    # A title that is too long to stand in front of windows is cut as text is.
    start = f"{title} {text}".find(passage) - len(title) - 1
    end = start + len(passage)
    return (0, end) if -len(title) - 1 <= start < 0 < end else None


def split_front(document: Document, passage: str) -> tuple[str, str]:
    r"""Return what stands in front of a passage, and its own text.

    Examples
    --------
    >>> document = Document("d", "Mills", "# Wheels\n\nThey turn.")
    >>> split_front(document, "Mills > Wheels They turn.")
    ('Mills > Wheels', 'They turn.')
    """
    span = locate_passage(document, passage)
    own = document.text[slice(*span)].strip() if span else ""
    return passage.removesuffix(own).strip(), own


def drop_headings(document: Document, passage: str) -> str:
    r"""Return a passage with only the title in front of its text.

    Examples
    --------
    >>> document = Document("d", "Mills", "# Wheels\n\nThey turn.")
    >>> drop_headings(document, "Mills > Wheels They turn.")
    'Mills They turn.'
    """
    front, own = split_front(document, passage)
    return f"{document.title} {own}".strip() if front.startswith(document.title) else passage


def find_text_start(document: Document) -> int:
    """Return the offset of the text of a document in its full text."""
    joined = f"{document.title} {document.text}"
    return len(document.title) + 1 - (len(joined) - len(joined.lstrip()))


def split_passages(
    documents: Sequence[Document],
    languages: Languages,
    encoder: Encoder,
    settings: PassageSettings,
) -> list[list[Passage]]:
    """Return the passages of the documents, in order; every document has at least one."""
    full_texts = [get_full_text(document) for document in documents]
    # No token is shorter than a byte, so most short texts need not be counted.
    limit = encoder.max_tokens
    long = [index for index, text in enumerate(full_texts) if len(text.encode()) > limit]
    counts = encoder.count_tokens([full_texts[index] for index in long])
    passages = [[Passage(text)] for text in full_texts]
    for index, count in zip(long, counts, strict=True):
        if count > limit:
            document = documents[index]
            windows = _cut_windows(document, languages.detect(document), encoder, settings)
            passages[index] = [Passage(_cut_first(full_texts[index], encoder)), *windows[1:]]
    return passages


def _cut_first(text: str, encoder: Encoder) -> str:
    """Return the text within the limit of the encoder, to the end of the last word."""
    cut = encoder.find_token_ends(text)[encoder.max_tokens - 1]
    word = _REST_OF_WORD.match(text, cut)
    return text[: word.end()] if word else text


class _Unit(NamedTuple):
    """A sentence or a part of one; the front and the room, in tokens, of a window it begins."""

    text: str
    section: int
    front: str
    room: int


def _cut_windows(
    document: Document, language: str, encoder: Encoder, settings: PassageSettings
) -> list[Passage]:
    most = min(settings.tokens, encoder.max_tokens)
    title, text, offset = document.title, document.text, find_text_start(document)
    if most - encoder.count_tokens([title])[0] - 1 < most // 2:  # a title that long is text
        title, text, offset = "", get_full_text(document), 0
    units = _list_units(title, text, language, encoder, most)
    sizes = encoder.count_tokens([unit.text for unit in units])
    starts = list(accumulate((len(unit.text) for unit in units), initial=offset))
    windows = []
    start = 0
    while True:
        front, room = units[start].front, units[start].room
        end, used = start, 0
        # At least one, so that this ends even if a tokenizer finds more tokens in it than before.
        while end < len(units) and (end == start or used + sizes[end] <= room):
            if used >= room // 2 and units[end].section != units[end - 1].section:
                break
            used += sizes[end]
            end += 1
        own = "".join(unit.text for unit in units[start:end])
        window = f"{front} {own.strip()}".strip()
        blank = len(own) - len(own.lstrip())
        windows.append(Passage(window, starts[start] + blank, len(window) - len(own.strip())))
        if end == len(units):
            return windows
        following, repeated = end, 0
        while (
            following - 1 > start
            and repeated + sizes[following - 1] <= settings.overlap
            and units[following - 1].section == units[end].section
        ):
            following -= 1
            repeated += sizes[following]
        # The next sentence must fit besides the overlap: otherwise the window has nothing new.
        while following < end and sum(sizes[following : end + 1]) > units[following].room:
            following += 1
        start = following


def _list_units(title: str, text: str, language: str, encoder: Encoder, most: int) -> list[_Unit]:
    """Return the units of a text, which are not cut; headings that leave no room are left out."""
    sections = find_sections(text)
    fronts = [join_path(title, section.headings) for section in sections]
    above = [join_path(title, section.headings[:-1]) for section in sections]
    units: list[_Unit] = []
    counts = encoder.count_tokens([title, *fronts])
    for number, (section, count) in enumerate(zip(sections, counts[1:], strict=True)):
        room = most - count - 1
        fits = room >= most // 2
        if not fits:
            room = most - counts[0] - 1
        for sentence in split_sentences(text[section.start : section.end], language):
            for part in _cut_sentence(sentence, encoder, room):
                is_first = not units or units[-1].section != number
                front = (above if is_first else fronts)[number] if fits else title
                units.append(_Unit(part, number, front, room))
    return units


def _cut_sentence(sentence: str, encoder: Encoder, room: int) -> list[str]:
    """Cut a sentence that is longer than a window, between words if it has any."""
    if len(sentence.encode()) <= room:
        return [sentence]
    ends = encoder.find_token_ends(sentence)
    if len(ends) <= room:
        return [sentence]
    # A part may have more tokens than it had in the sentence: leave some room for that.
    step = max(1, room * 3 // 4)
    parts = []
    start = 0
    while (token := bisect_right(ends, start) + step) < len(ends):
        cut = max(ends[token - 1], start + 1)
        space = sentence.rfind(" ", (start + cut) // 2, cut) + 1
        parts.append(sentence[start : space or cut])
        start = space or cut
    return [*parts, sentence[start:]]
