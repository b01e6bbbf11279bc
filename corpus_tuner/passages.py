"""Cut documents into passages that the encoder reads whole.

A document that fits is one passage, title and text. A longer one is covered whole: its first
passage is what the encoder alone would read of it, cut where its limit cuts; what follows are
windows at sentence borders, overlapping and each led by the title.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from corpus_tuner.indexes.encoders import Encoder
from corpus_tuner.indexes.store.documents import Document
from corpus_tuner.sentences import split_sentences

_REST_OF_WORD = re.compile(r"\w*")


class PassageSettings(BaseModel):
    """How long documents are cut.

    Attributes
    ----------
    overlap
        Repeat whole sentences of up to so many tokens from the end of one window at the start
        of the next.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap: NonNegativeInt = 64


def split_passages(
    documents: Sequence[Document], language: str, encoder: Encoder, settings: PassageSettings
) -> list[list[str]]:
    """Return the passages of each document, in order; every document has at least one."""
    wholes = [f"{document.title} {document.text}".strip() for document in documents]
    # No token is shorter than a byte, so most short texts need not be counted.
    long = [index for index, text in enumerate(wholes) if len(text.encode()) > encoder.max_tokens]
    counts = encoder.count_tokens([wholes[index] for index in long])
    passages = [[text] for text in wholes]
    for index, count in zip(long, counts, strict=True):
        if count > encoder.max_tokens:
            windows = _windows(documents[index], language, encoder, settings.overlap)
            passages[index] = [_lead(wholes[index], encoder), *windows[1:]]
    return passages


def _lead(text: str, encoder: Encoder) -> str:
    """Return what the encoder reads of a text, to the end of the word in which it stops."""
    cut = encoder.token_ends(text)[encoder.max_tokens - 1]
    word = _REST_OF_WORD.match(text, cut)
    return text[: word.end()] if word else text


def _windows(document: Document, language: str, encoder: Encoder, overlap: int) -> list[str]:
    title, text = document.title, document.text
    room = encoder.max_tokens - encoder.count_tokens([title])[0] - 1
    if room < encoder.max_tokens // 2:  # a title that long is text
        title, text, room = "", f"{title} {text}".strip(), encoder.max_tokens
    sentences = [
        part
        for sentence in split_sentences(text, language)
        for part in _fitting(sentence, encoder, room)
    ]
    sizes = encoder.count_tokens(sentences)
    windows = []
    start = 0
    while True:
        end, used = start, 0
        # One at least, so that this ends, even if an odd tokenizer finds more in it than there was.
        while end < len(sentences) and (end == start or used + sizes[end] <= room):
            used += sizes[end]
            end += 1
        windows.append(f"{title} {''.join(sentences[start:end]).strip()}".strip())
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


def _fitting(sentence: str, encoder: Encoder, room: int) -> list[str]:
    """Cut a sentence that is too long by itself, between words where it has any."""
    if len(sentence.encode()) <= room:
        return [sentence]
    ends = encoder.token_ends(sentence)
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
