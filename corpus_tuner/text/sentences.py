"""Sentence segmentation.

sentencex segments 250 languages at some 40,000 texts a second, with common abbreviations of each.
Segments are joined after further abbreviations (`corpus_tuner.text.abbreviations`): two joined
sentences harm a view less than one that is cut in half.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from sentencex import segment

from corpus_tuner.text.abbreviations import read_abbreviations

_STANDS_APART = re.compile(r"\s[.!?]\s*$")
_NUMBERED = re.compile(r"(?:^|\s)\d{1,2}\.\s*$")
_BEFORE_WORD = re.compile(r"^[(\[{\"'«»‹›„“”‚‘’]*(?:[^\W\d_]{1,5}['’])?")  # with an elided article
_NUMBER = re.compile(r"[\W_]*(?:\d|[VX]\b|[IVXLCDM]{2,}\b)")
_NAME = re.compile(r"[\W_]*(?P<first>[^\W\d_])")
_INITIAL = re.compile(r"[^\W\d_](?:\.-?[^\W\d_])*")
_END = 1_000  # characters of a sentence that tell whether it is over
# For each one that opens a quotation and is not closed, sentencex scans the rest of its text.
_QUOTATION = re.compile("[`'\"«»‘’‚‛“”„‟‹›《》「」]")
_MARKS_AT_ONCE = 256


def split_sentences(text: str, language: str) -> list[str]:
    """Split `text` into sentences; joined they are the text, white space included.

    An unknown `language` (ISO 639-1) is treated as English.

    Examples
    --------
    >>> split_sentences("It took approx. 5 hours. Then it rained.", "en")
    ['It took approx. 5 hours. ', 'Then it rained.']
    """
    sentences: list[str] = []
    parts: list[str] = []
    end = ""
    for piece in _segment_in_parts(text, language):
        if parts and piece.strip() and _is_over(end, piece, language):
            sentences.append("".join(parts))
            parts, end = [], ""
        parts.append(piece)
        end = (end + piece)[-_END:]
    return [*sentences, "".join(parts)] if parts else []


def _segment_in_parts(text: str, language: str) -> Iterator[str]:
    """Yield the segments of a text, by parts with a limited number of quotation marks.

    Sentences near the end of a part are segmented again with the following text, in which a
    quotation may be closed.
    """
    marks = [mark.start() for mark in _QUOTATION.finditer(text)]
    start = first = 0
    begun: list[str] = []  # of a sentence with more marks than are read at once
    while len(marks) - first > _MARKS_AT_ONCE:
        sure = marks[first + _MARKS_AT_ONCE * 3 // 4]
        before = start
        for piece in _segment(text[start : marks[first + _MARKS_AT_ONCE]], language):
            if start + len(piece) > sure:
                break
            yield "".join([*begun, piece])
            begun = []
            start += len(piece)
        if start == before:
            begun.append(text[start:sure])
            start = sure
        first = bisect_left(marks, start)
    for piece in _segment(text[start:], language):
        yield "".join([*begun, piece])
        begun = []


def _segment(text: str, language: str) -> Iterator[str]:
    """Yield the segments of a text, and the line breaks that sentencex drops between some."""
    start = 0
    for piece in segment(language, text):
        found = text.find(piece, start)
        if found < 0:
            continue
        if found > start:  # line breaks behind a quotation that ends a paragraph
            yield text[start:found]
        yield piece
        start = found + len(piece)
    if start < len(text):
        yield text[start:]


def _is_over(sentence: str, following: str, language: str) -> bool:
    """Tell whether a sentence ends, given its last characters and the following segment."""
    bare = sentence.rstrip()
    if "\n" in sentence[len(bare) :]:
        return True
    if _STANDS_APART.search(sentence):  # words and marks were parted , as here .
        return not following.lstrip()[0].isdigit()
    if following.lstrip()[0].islower():
        return False
    if language == "de" and _NUMBERED.search(sentence):  # an ordinal: Der 2. Weltkrieg
        return False
    return not (bare.endswith(".") and _is_abbreviation(bare, following, language))


def _is_abbreviation(sentence: str, following: str, language: str) -> bool:
    """Tell whether a text ends with an abbreviation, given the following segment."""
    known = read_abbreviations().get(language)
    if known is None:
        return False
    *before, last = (_BEFORE_WORD.sub("", word) for word in sentence.split()[-2:])
    word = last[:-1].lower()
    if {word, "".join([*before, word]).lower()} & known.anywhere:
        return True
    name = _NAME.match(following)
    named = name is not None and name["first"].isupper()
    initial = language != "en" and last[0].isupper() and bool(_INITIAL.fullmatch(last[:-1]))
    if named and (initial or word in known.titles):
        return True
    return word in known.before_numbers and bool(_NUMBER.match(following))
