"""Passages: parts of documents within the token limit of the encoder.

A document that fits is one passage, title and text. The first passage of any other is what the
encoder would read of it, cut at its limit; the others are overlapping windows at sentence borders,
which cover the document with it, each with the title in front. A document of more than three
passages is long: rankers score it by its best passage.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Encoder, Span
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
    title
        Number of characters before that: the title in front of a later window.
    """

    text: str
    start: int = 0
    title: int = 0

    def measure_context(self, span: Span) -> tuple[int, int]:
        """Return the numbers of characters of a span in this passage, and of its context."""
        start, end = self.locate(span)
        before, after = start - self.title, len(self.text) - end
        inside = (end - start) + min(0, before) + min(0, after)
        return inside, min(before, after)

    def locate(self, span: Span) -> Span:
        """Return a span of the full text as a span of this passage; it may exceed the passage."""
        shift = self.title - self.start
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


def _cut_windows(
    document: Document, language: str, encoder: Encoder, settings: PassageSettings
) -> list[Passage]:
    title, text, offset = document.title, document.text, find_text_start(document)
    most = min(settings.tokens, encoder.max_tokens)
    room = most - encoder.count_tokens([title])[0] - 1
    if room < most // 2:  # a title that long is text
        title, text, offset, room = "", get_full_text(document), 0, most
    sentences = [
        part
        for sentence in split_sentences(text, language)
        for part in _cut_sentence(sentence, encoder, room)
    ]
    sizes = encoder.count_tokens(sentences)
    starts = list(accumulate(map(len, sentences), initial=offset))
    windows = []
    start = 0
    while True:
        end, used = start, 0
        # At least one, so that this ends even if a tokenizer finds more tokens in it than before.
        while end < len(sentences) and (end == start or used + sizes[end] <= room):
            used += sizes[end]
            end += 1
        own = "".join(sentences[start:end])
        window = f"{title} {own.strip()}".strip()
        blank = len(own) - len(own.lstrip())
        windows.append(Passage(window, starts[start] + blank, len(window) - len(own.strip())))
        if end == len(sentences):
            return windows
        following, repeated = end, 0
        while following - 1 > start and repeated + sizes[following - 1] <= settings.overlap:
            following -= 1
            repeated += sizes[following]
        # The next sentence must fit besides the overlap: otherwise the window has nothing new.
        while following < end and sum(sizes[following : end + 1]) > room:
            following += 1
        start = following


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
