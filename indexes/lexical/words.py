"""What counts as a word of a language: lower case, no stop words, stems.

Where a script sets no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), every
two characters that follow each other are one: a whole clause would be a word otherwise. That is the
usual way where no dictionary is at hand (Nie, Gao, Zhang and Zhou, "On the Use of Words and N-grams
for Chinese Information Retrieval", IRAL 2000).
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import bm25s
import Stemmer
from bm25s import stopwords

# ISO 639-1 code to the names that Snowball and the stop word lists know it by.
_STEMMERS = {
    **{"ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german"},
    **{"el": "greek", "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian"},
    **{"eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish"},
    **{"hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian"},
    **{"lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish"},
    **{"nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian"},
    **{"ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish"},
    **{"yi": "yiddish"},
}
_STOP_WORDS: dict[str, Sequence[str]] = {
    "da": stopwords.STOPWORDS_DANISH,
    "de": stopwords.STOPWORDS_GERMAN,
    "en": stopwords.STOPWORDS_EN,
    "es": stopwords.STOPWORDS_SPANISH,
    "fr": stopwords.STOPWORDS_FRENCH,
    "it": stopwords.STOPWORDS_ITALIAN,
    "nb": stopwords.STOPWORDS_NORWEGIAN,
    "nl": stopwords.STOPWORDS_DUTCH,
    "nn": stopwords.STOPWORDS_NORWEGIAN,
    "no": stopwords.STOPWORDS_NORWEGIAN,
    "pt": stopwords.STOPWORDS_PORTUGUESE,
    "ru": stopwords.STOPWORDS_RUSSIAN,
    "sv": stopwords.STOPWORDS_SWEDISH,
    "tr": stopwords.STOPWORDS_TURKISH,
}

# Thai and Lao; Burmese; Khmer; kana; Han. With the signs that stand above and below letters.
_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3"
    "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_WORD = re.compile(r"\w\w+")
_TOKEN = rf"[{_UNSPACED}]+|\w\w+"
_SHORT_TOKEN = rf"[{_UNSPACED}]+|\w+"


def words_of(texts: Sequence[str], language: str | None) -> list[list[str]]:
    """Return the words of every text.

    Of a language without a Snowball stemmer or a list of stop words, words are taken as they are.
    """
    algorithm = _STEMMERS.get(language or "")
    # Made anew every time: a stemmer must not be shared between threads.
    stemmer: Any = Stemmer.Stemmer(algorithm) if algorithm in Stemmer.algorithms() else None
    return _tokens(texts, language, _TOKEN, stemmer)


def forms_of(texts: Sequence[str], language: str | None) -> list[list[str]]:
    """Return the words of every text in the form that they have there, of one letter, too."""
    return _tokens(texts, language, _SHORT_TOKEN, None)


def without_stop_words(text: str, language: str) -> str:
    """Return a text without the words that say nothing in a language."""
    stop = frozenset(_STOP_WORDS.get(language, ()))
    return re.sub(r"\w+", lambda word: "" if word[0].lower() in stop else word[0], text)


def shared_words(asked: Sequence[str], text: str, language: str | None) -> list[str]:
    """Return the words of a text, as they stand in it, that a query has in one form or another.

    Parameters
    ----------
    asked
        The terms of the query.
    text, language
        The text, and what it is read in.
    """
    spelled = sorted({*_WORD.findall(text), *_RUN.findall(text)})
    stems = words_of(spelled, language)
    known = {*asked}
    return [word for word, own in zip(spelled, stems, strict=True) if known.intersection(own)]


def _tokens(
    texts: Sequence[str], language: str | None, pattern: str, stemmer: Any
) -> list[list[str]]:
    tokens: list[list[str]] = bm25s.tokenize(
        [_RUN.sub(_paired, unicodedata.normalize("NFKC", text)) for text in texts],
        token_pattern=pattern,
        stopwords=_STOP_WORDS.get(language or "", []),
        stemmer=stemmer,
        return_ids=False,
        show_progress=False,
    )
    return tokens


def _paired(run: re.Match[str]) -> str:
    """Set spaces between all that shall be a word in text that has none."""
    text = run[0]
    pairs = [text[start : start + 2] for start in range(len(text) - 1)] or [text]
    return f" {' '.join(pairs)} "
