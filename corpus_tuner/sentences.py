"""Split texts into sentences, with care for abbreviations.

sentencex splits 250 languages at some 40,000 texts a second. It knows the common abbreviations of
each; what it lacks are those of science and law, so a split that one of them caused is undone.
Joining two sentences does little harm to a view; cutting one in half makes two bad ones.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from sentencex import segment

# Compared without the final full stop, in lower case.
_ABBREVIATIONS = {
    "en": "approx cf conc deg eq eqs fig figs max min nos ref refs resp sec sect sp spp ssp staph "
    "strep subsp suppl tab temp var viz vol vols vs",
    "de": "abb abk absch anh anl art aufl az bd beschl best bsp gem gest ggf inkl insb insbes kap "
    "lt max mind mio mrd rn rdnr rspr satz sog str tab tel urt verf vgl vorschr zit ziff zzgl",
    "pt": "aprox art cap fig figs inc núm obs pág págs séc tab vol",
}
_KNOWN = {language: frozenset(words.split()) for language, words in _ABBREVIATIONS.items()}
_STANDS_APART = re.compile(r"\s[.!?]\s*$")
_NUMBERED = re.compile(r"(?:^|\s)\d{1,2}\.\s*$")
_END = 1_000  # characters of a sentence that tell whether it is over
# For every one that opens a quotation and is not closed, sentencex reads its text to the end.
_QUOTATION = re.compile("[`'\"«»‘’‚‛“”„‟‹›《》「」]")
_MARKS_AT_ONCE = 256


def split_sentences(text: str, language: str) -> list[str]:
    """Split `text` into sentences; joined again they are the text, white space included.

    Parameters
    ----------
    text
        Any length.
    language
        ISO 639-1 code; an unknown one is treated as English.

    Examples
    --------
    >>> split_sentences("It took approx. 5 hours. Then it rained.", "en")
    ['It took approx. 5 hours. ', 'Then it rained.']
    """
    sentences: list[str] = []
    parts: list[str] = []
    end = ""
    for piece in _pieces(text, language):
        if parts and piece.strip() and _ends(end, piece, language):
            sentences.append("".join(parts))
            parts, end = [], ""
        parts.append(piece)
        end = (end + piece)[-_END:]
    return [*sentences, "".join(parts)] if parts else []


def _pieces(text: str, language: str) -> Iterator[str]:
    """Yield what sentencex makes of a text.

    It reads as much at once as holds so many quotation marks. Sentences near the end of that are
    read again with what follows: a quotation that they begin may be closed there.
    """
    marks = [mark.start() for mark in _QUOTATION.finditer(text)]
    start = first = 0
    begun: list[str] = []  # of a sentence with more marks than are read at once
    while len(marks) - first > _MARKS_AT_ONCE:
        sure = marks[first + _MARKS_AT_ONCE * 3 // 4]
        before = start
        for piece in _whole(text[start : marks[first + _MARKS_AT_ONCE]], language):
            if start + len(piece) > sure:
                break
            yield "".join([*begun, piece])
            begun = []
            start += len(piece)
        if start == before:
            begun.append(text[start:sure])
            start = sure
        first = bisect_left(marks, start)
    for piece in _whole(text[start:], language):
        yield "".join([*begun, piece])
        begun = []


def _whole(text: str, language: str) -> Iterator[str]:
    """Yield the pieces that sentencex cuts a text into, and what it drops between some of them."""
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


def _ends(sentence: str, following: str, language: str) -> bool:
    """Tell whether a sentence is over, given its last characters and the piece that follows it."""
    bare = sentence.rstrip()
    if "\n" in sentence[len(bare) :]:
        return True
    if _STANDS_APART.search(sentence):  # words and marks were parted , as here .
        return not following.lstrip()[0].isdigit()
    if following.lstrip()[0].islower():
        return False
    if language == "de" and _NUMBERED.search(sentence):  # an ordinal: Der 2. Weltkrieg
        return False
    last = bare.split()[-1] if bare else ""
    known = _KNOWN.get(language, ())
    return not last.endswith(".") or last[:-1].lower().lstrip("(") not in known
