"""Unicode normalization of text before it is divided into tokens, and of the letters of a word.

Characters are normalized to NFKC and case-folded (The Unicode Standard, section 3.13). Format
characters, such as the soft hyphen, are removed first, since they may stand between the parts of a
composed character. The rules for letters are those of Lucene's normalizers of Arabic, Persian and
Hindi.
"""

import re
import unicodedata

import regex

ZWNJ = "\u200c"
# Format characters and all that Unicode lets a renderer ignore. The zero width non-joiner separates
# the parts of words in Arabic scripts; elsewhere it only selects a glyph.
IGNORED = r"\p{Cf}\p{Default_Ignorable_Code_Point}"
_IGNORABLE = regex.compile(
    rf"(?V1)[[{IGNORED}]--{ZWNJ}]+|(?<!\p{{scx=Arabic}}){ZWNJ}|{ZWNJ}(?!\p{{scx=Arabic}})"
)
# A search by `re` is several times as fast as one by `regex`: most texts have none of these.
_MAY_BE_IGNORABLE = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u08e2\u115f-\u1160\u17b4-\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd-\U0001d17a\U000e0000-\U000e0fff]"
)

_ARABIC_MARKS = (
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
)
_HEBREW_MARKS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
_MARKS = re.compile(f"[{_ARABIC_MARKS}\u08ca-\u08ff{_HEBREW_MARKS}\u0640\u093c]")
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627"),  # forms of alef
        **dict.fromkeys("\u0649\u06cc\u06d2", "\u064a"),  # forms of yeh
        "\u06a9": "\u0643",  # keheh: kaf
        **dict.fromkeys("\u0629\u06c0\u06c1\u06c2\u06d5", "\u0647"),  # teh marbuta, forms of heh
        "\u0901": "\u0902",  # candrabindu: anusvara
    }
)
# A nasal before a consonant of its own class, which Hindi also writes as an anusvara.
_NASALS = re.compile(
    "\u0919\u094d(?=[\u0915-\u0918])|\u091e\u094d(?=[\u091a-\u091d])|\u0923\u094d(?=[\u091f-\u0922])"
    "|\u0928\u094d(?=[\u0924-\u0927])|\u092e\u094d(?=[\u092a-\u092d])"
)
_MAY_BE_FOLDED = re.compile("[\u0590-\U0010ffff]")
_DOTTED_I = frozenset(("az", "tr"))


def clean(text: str) -> str:
    """Return a text in NFKC without format characters.

    The zero width non-joiner is not removed between Arabic letters.

    Examples
    --------
    >>> clean("Wasser\u00admu\u0308hle")
    'Wassermühle'
    """
    if text.isascii():
        return text
    if _MAY_BE_IGNORABLE.search(text):
        text = _IGNORABLE.sub("", text)
    return unicodedata.normalize("NFKC", text)


def fold_case(text: str, language: str | None) -> str:
    """Return a clean text case-folded, with the dotted and dotless i of Turkish and Azerbaijani.

    In other languages they are one letter, since both are written I in capitals.

    Examples
    --------
    >>> fold_case("STRASSE Straße", "de"), fold_case("IĞDIR İzmir", "tr")
    ('strasse strasse', 'ığdır izmir')
    """
    if language in _DOTTED_I:
        text = text.replace("I", "ı").replace("İ", "i")
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text.casefold().replace("i\u0307", "i"))
    return folded if language in _DOTTED_I else folded.replace("ı", "i")


def fold_letters(word: str) -> str:
    """Return a case-folded word without what writers of its script often leave out.

    Vowel marks and the tatweel of Arabic and the points of Hebrew are removed, forms of Arabic and
    Persian letters are one, the nasal consonants of Devanagari become an anusvara and its nukta is
    removed. Digits of any script become those of ASCII.

    Examples
    --------
    >>> fold_letters("كِتَابٌ") == fold_letters("کتاب"), fold_letters("१२")
    (True, '12')
    """
    if not _MAY_BE_FOLDED.search(word):
        return word
    word = _NASALS.sub("\u0902", _MARKS.sub("", word)).translate(_LETTERS).strip(ZWNJ)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in word)
