"""Split texts into sentences, with care for abbreviations.

sentencex splits 250 languages at some 40,000 texts a second. It knows the common abbreviations of
each; what it lacks are those of science and law, so a split that one of them caused is undone.
Joining two sentences does little harm to a view; cutting one in half makes two bad ones.
"""

import re

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
_LAST_WORD = re.compile(r"(\S+)\.\s*$")
_STANDS_APART = re.compile(r"\s[.!?]\s*$")
_NUMBERED = re.compile(r"(?:^|\s)\d{1,2}\.\s*$")


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
    for piece in segment(language, text):
        if sentences and not (piece.strip() and _ends(sentences[-1], piece, language)):
            sentences[-1] += piece
        else:
            sentences.append(piece)
    return sentences


def _ends(sentence: str, following: str, language: str) -> bool:
    """Tell whether `sentence` is over, given the piece that follows it."""
    if "\n" in sentence[len(sentence.rstrip()) :]:
        return True
    if _STANDS_APART.search(sentence):  # words and marks were parted , as here .
        return not following.lstrip()[0].isdigit()
    if following.lstrip()[0].islower():
        return False
    if language == "de" and _NUMBERED.search(sentence):  # an ordinal: Der 2. Weltkrieg
        return False
    last = _LAST_WORD.search(sentence)
    return last is None or last[1].lower().lstrip("(") not in _KNOWN.get(language, ())
