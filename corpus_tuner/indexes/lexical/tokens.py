"""Tokenization: the division of text into tokens, and of a token into the terms that it stands for.

A token is a word by Unicode's definition of word characters (UTS #18, Annex C: letters, marks,
digits and connecting punctuation), or several that single characters such as ``.`` and ``-``
connect. Where a script sets no spaces between words, terms are characters and pairs of neighbours,
the usual way where there is no dictionary (Nie, Gao, Zhang and Zhou, "On the Use of Words and
N-grams for Chinese Information Retrieval", IRAL 2000).
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import regex

from corpus_tuner.indexes.lexical.normalization import IGNORED, ZWNJ

_DASHES = "\u2010-\u2013\u2212"
_HEBREW = r"(?<=[\u05d0-\u05ea])[\"'’\u05f3\u05f4](?=[\u05d0-\u05ea])"  # of abbreviations
_JOINTS = rf"(?:::|[.,:/&'’\u2044{_DASHES}\-]|{_HEBREW})"


def _build_token_pattern(word: str) -> str:
    """Return the pattern of a token whose words consist of these characters."""
    name = rf"(?:(?<![{word}.])\.(?=[^\W\d_][{word}]))?"
    return rf"{name}[{word}]+(?:{_JOINTS}[{word}]+)*(?:(?:\+\+|\#)(?![{word}+\#]))?"


_SPELLED_WORD = rf"\w{IGNORED}"
SPELLED_TOKEN = regex.compile(_build_token_pattern(_SPELLED_WORD))
"""A token of any text as it is spelled there, format characters included."""
SPELLED_WORDS = regex.compile(f"[{_SPELLED_WORD}]+")
"""A word of such a token."""
# `re` is three times as fast as `regex`, but has no marks among its word characters.
_SIMPLE_TOKEN = re.compile(_build_token_pattern(r"\w"))
_ANY_TOKEN = regex.compile(_build_token_pattern(r"\w"))
_MAY_HAVE_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0590-\u1dff\u200c\u203f\u2040\u2054\u20d0-\u20ff\u2c80-\U0010ffff]"
)

_HANGUL = r"\p{Hangul}"
_KANA = r"\p{Hiragana}\p{Katakana}\u30fc"
_SOUTH_EAST = r"\p{lb=SA}"  # Thai, Lao, Khmer, Burmese and others
_UNSPACED = rf"{_KANA}{_SOUTH_EAST}\p{{Han}}"
_SCRIPTS = regex.compile(
    rf"(?V1)(?P<unspaced>[{_UNSPACED}]+)|(?P<hangul>{_HANGUL}+)|(?P<spaced>[^{_UNSPACED}{_HANGUL}]+)"
)
SPACED = rf"[\w--[{_UNSPACED}{_HANGUL}]]"  # a word character of a script that sets spaces
_NO_ALPHABET = regex.compile(rf"[{_UNSPACED}{_HANGUL}]")
CHARACTER = regex.compile(
    r"[\u0e40-\u0e44\u0ec0-\u0ec4]?[^\p{M}](?:\p{M}|(?<=[\u1039\u17d2\u1a60])\p{L}"
    r"|[\u1000-\u1021]\u1037?\u103a)*[\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3]?|\p{M}+"
)
"""A character with its marks: with the vowel that is written before it, with what is stacked below
it, with a final consonant that has no vowel (Burmese), and with the vowel behind it."""
_NO_TERM = regex.compile(rf"[{_KANA}]\p{{M}}*")  # by itself: most are endings and particles

_HEBREW_QUOTE = re.compile(_HEBREW)
_JOINT_FORMS = str.maketrans(
    {**dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"), "\u2044": "/"}
)
_WORD = regex.compile(r"\w+")
_PART = regex.compile(r"[^\W_]+")
_TIGHT = frozenset((".", ":", "::"))
_CONNECTED = regex.compile(r"[^\W_]+(?:(?:\.|::?)[^\W_]+)+")
_VERSION = re.compile(r"v\d+\.")
_DIGITS = re.compile(r"\d+")
_NO_DIGIT = re.compile(r"\D")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’]\d{3})+")
_ACRONYM = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_AMPERSAND = re.compile(r"\b[^\W\d_]{1,2}&[^\W\d_]{1,2}\b")
_BESIDE_A_LETTER = re.compile(r"(?<=[^\W\d_])[-/_]|[-/_](?=[^\W\d_])")
_LONGEST = 64  # characters of a joined token


class TokenParts(NamedTuple):
    """The terms that a token stands for, before stemming.

    Attributes
    ----------
    words
        Words that the token consists of.
    pieces
        Parts of words.
    joined_tokens
        Several words together: numbers as they are written, and names such as ``c++``.
    acronyms
        Letters with full stops between them, without these.
    """

    words: Sequence[str]
    pieces: Sequence[str] = ()
    joined_tokens: Sequence[str] = ()
    acronyms: Sequence[str] = ()


def find_tokens(text: str) -> list[str]:
    """Return the tokens of a clean text in their order.

    Examples
    --------
    >>> find_tokens("Version 3.11.2 of C++, at 10:30.")
    ['Version', '3.11.2', 'of', 'C++', 'at', '10:30']
    """
    pattern = _ANY_TOKEN if _MAY_HAVE_MARKS.search(text) else _SIMPLE_TOKEN
    return pattern.findall(text)


def split_scripts(token: str) -> list[tuple[str, bool]]:
    """Return the parts of a token that are of one kind of script.

    With each it says whether its words are set apart: those of Chinese, Japanese and others are
    not, and a Korean word may have particles.
    """
    return [(run[0], bool(run["spaced"])) for run in _SCRIPTS.finditer(token)]


def split_token(token: str) -> TokenParts:
    """Return the terms of a token, given with its case and letters folded.

    Examples
    --------
    >>> split_token("3.11.2")[:3]
    (['3', '11', '2'], [], ['3.11.2', '3.11', '11.2'])
    >>> split_token("iso-27001")[:3]
    (['iso', '27001'], [], ['iso27001'])
    >>> split_token("c++")[:3]
    (['c'], [], ['c++'])
    >>> split_token("我家的猫")[:3]
    (['我家', '家的', '的猫'], ['我', '家', '的', '猫'], [])
    """
    if token.isalnum() and not _MAY_HAVE_MARKS.search(token):
        return TokenParts([token])
    runs = [_divide(run) for run in _SCRIPTS.finditer(_HEBREW_QUOTE.sub("", token))]
    if not runs:  # of marks that were folded
        return TokenParts([])
    return TokenParts(
        *([term for terms in kind for term in terms] for kind in zip(*runs, strict=True))
    )


def is_letter(word: str) -> bool:
    """Tell whether a word is a single letter of an alphabet."""
    return len(word) == 1 and word.isalpha() and not _NO_ALPHABET.match(word)


def _divide(run: "regex.Match[str]") -> TokenParts:
    if run["unspaced"]:
        return _divide_unspaced(run[0])
    return _divide_hangul(run[0]) if run["hangul"] else _divide_spaced(run[0])


def _divide_unspaced(run: str) -> TokenParts:
    """Return pairs of characters, and the characters that mean something by themselves."""
    characters = CHARACTER.findall(run)
    pairs = [first + second for first, second in pairwise(characters)]
    if not pairs:
        return TokenParts(characters)
    return TokenParts(pairs, [one for one in characters if not _NO_TERM.fullmatch(one)])


def _divide_hangul(run: str) -> TokenParts:
    """Return a Korean word, its pairs of syllables, and the syllable that it begins with.

    Particles follow a noun without a space: a noun of one syllable is found by the last of these.
    """
    if len(run) == 1:
        return TokenParts([run])
    pairs = [run[start : start + 2] for start in range(len(run) - 1)] if len(run) > 2 else []
    return TokenParts([run], [*pairs, run[0]])


def _divide_spaced(run: str) -> TokenParts:
    """Return the words that a token consists of, their parts, and what they are together."""
    words = _WORD.findall(run)
    if not words:  # what connects words of two scripts
        return TokenParts([])
    if words == [run] and "_" not in run and ZWNJ not in run:
        return TokenParts(words)
    body = run.strip(".+#").translate(_JOINT_FORMS)
    if _ACRONYM.fullmatch(body):
        return TokenParts(words, acronyms=[body.replace(".", "")])
    joined_tokens = dict.fromkeys([*_find_names(run, words), *_find_numbers(body)])
    return TokenParts(
        words, [*_split_pieces(words)], [one for one in joined_tokens if one not in words]
    )


def _split_pieces(words: Sequence[str]) -> Iterator[str]:
    """Yield the parts of words that a connecting character joins."""
    for word in words:
        if ZWNJ in word:
            yield from filter(None, (word.replace(ZWNJ, ""), *word.split(ZWNJ)))
        if "_" in word:
            yield from filter(None, word.split("_"))


def _find_names(run: str, words: Sequence[str]) -> Iterator[str]:
    """Yield names such as ``.net``, ``c++``, ``f#`` and ``at&t``."""
    if run[0] == ".":
        yield f".{words[0]}"
    if run[-1] in "+#":
        yield words[-1] + ("++" if run[-1] == "+" else "#")
    yield from _AMPERSAND.findall(run)


def _find_numbers(body: str) -> Iterator[str]:
    """Yield a number or code as it is written, and its parts in their order."""
    if len(body) > _LONGEST or not _has_digit(body):
        return
    if _VERSION.match(body):
        body = body[1:]
        yield from _DIGITS.findall(body)[:1]
    yield _BESIDE_A_LETTER.sub("", body)
    if _THOUSANDS.fullmatch(body):
        yield _NO_DIGIT.sub("", body)
    yield from filter(_has_digit, _CONNECTED.findall(body))
    parts = [*_PART.finditer(body)]
    for first, second in pairwise(parts):
        tight = body[first.end() : second.start()] in _TIGHT
        if len(parts) > 2 and (tight or (_has_digit(first[0]) and _has_digit(second[0]))):
            yield body[first.start() : second.end()]


def _has_digit(text: str) -> bool:
    return any(map(str.isdecimal, text))
