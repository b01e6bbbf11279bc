"""Cut documents into passages that the encoder reads whole.

A document that fits is one passage, title and text. A longer one is covered whole: its first
passage is what the encoder alone would read of it, cut where its limit cuts; what follows are
windows at sentence borders, overlapping and each led by the title.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.text.sentences import split_sentences

_REST_OF_WORD = re.compile(r"\w*")


class Passage(NamedTuple):
    """What the encoder reads at once of a document.

    Attributes
    ----------
    text
        What it reads.
    start
        Where in the document's whole text its own part begins.
    lead
        Characters before that part: the title, put in front of a later window.
    """

    text: str
    start: int = 0
    lead: int = 0

    def context(self, span: Span) -> tuple[int, int]:
        """Tell how well a span of the whole text is read here: the greater, the better.

        Returns
        -------
        How many of its characters are here, and how many stand around it on the shorter side.
        """
        start, end = self.within(span)
        before, behind = start - self.lead, len(self.text) - end
        inside = (end - start) + min(0, before) + min(0, behind)
        return inside, min(before, behind)

    def within(self, span: Span) -> Span:
        """Return a span of the whole text as one of this passage; it may reach over its ends."""
        by = self.lead - self.start
        return span[0] + by, span[1] + by


class PassageSettings(BaseModel):
    """How long documents are cut.

    Attributes
    ----------
    overlap
        Repeat whole sentences of up to so many tokens from the end of one window at the start
        of the next.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap: NonNegativeInt = 32


def get_full_text(document: Document) -> str:
    """Return title and text, in whose characters spans of a document are counted.

    Examples
    --------
    >>> get_full_text(Document("d", "Mills", "They grind."))
    'Mills They grind.'
    """
    return f"{document.title} {document.text}".strip()


def find_text_start(document: Document) -> int:
    """Return where in the whole text the document's text begins."""
    joined = f"{document.title} {document.text}"
    return len(document.title) + 1 - (len(joined) - len(joined.lstrip()))


def split_passages(
    documents: Sequence[Document],
    languages: Languages,
    encoder: Encoder,
    settings: PassageSettings,
) -> list[list[Passage]]:
    """Return the passages of the documents, in order; every document has at least one."""
    wholes = [get_full_text(document) for document in documents]
    # No token is shorter than a byte, so most short texts need not be counted.
    long = [index for index, text in enumerate(wholes) if len(text.encode()) > encoder.max_tokens]
    counts = encoder.count_tokens([wholes[index] for index in long])
    passages = [[Passage(text)] for text in wholes]
    for index, count in zip(long, counts, strict=True):
        if count > encoder.max_tokens:
            document = documents[index]
            windows = _cut_windows(document, languages.detect(document), encoder, settings.overlap)
            passages[index] = [Passage(_cut_first(wholes[index], encoder)), *windows[1:]]
    return passages


def _cut_first(text: str, encoder: Encoder) -> str:
    """Return what the encoder reads of a text, to the end of the word in which it stops."""
    cut = encoder.find_token_ends(text)[encoder.max_tokens - 1]
    word = _REST_OF_WORD.match(text, cut)
    return text[: word.end()] if word else text


def _cut_windows(
    document: Document, language: str, encoder: Encoder, overlap: int
) -> list[Passage]:
    title, text, offset = document.title, document.text, find_text_start(document)
    room = encoder.max_tokens - encoder.count_tokens([title])[0] - 1
    if room < encoder.max_tokens // 2:  # a title that long is text
        title, text, offset, room = "", get_full_text(document), 0, encoder.max_tokens
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
        # One at least, so that this ends, even if an odd tokenizer finds more in it than there was.
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
        while following - 1 > start and repeated + sizes[following - 1] <= overlap:
            following -= 1
            repeated += sizes[following]
        # With the overlap, the next sentence must still fit: else the window brings nothing new.
        while following < end and sum(sizes[following : end + 1]) > room:
            following += 1
        start = following


def _cut_sentence(sentence: str, encoder: Encoder, room: int) -> list[str]:
    """Cut a sentence that is too long by itself, between words where it has any."""
    if len(sentence.encode()) <= room:
        return [sentence]
    ends = encoder.find_token_ends(sentence)
    if len(ends) <= room:
        return [sentence]
    # Cut apart, a piece may have more tokens than it had in the whole: leave some room for that.
    step = max(1, room * 3 // 4)
    parts = []
    start = 0
    while (token := bisect_right(ends, start) + step) < len(ends):
        cut = max(ends[token - 1], start + 1)
        space = sentence.rfind(" ", (start + cut) // 2, cut) + 1
        parts.append(sentence[start : space or cut])
        start = space or cut
    return [*parts, sentence[start:]]
