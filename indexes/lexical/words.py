"""What counts as a word of a language: lower case, no stop words, stems."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import bm25s
import Stemmer

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
_STOP_WORDS = {
    **{"da": "danish", "de": "german", "en": "english", "es": "spanish", "fr": "french"},
    **{"it": "italian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian"},
    **{"pt": "portuguese", "ru": "russian", "sv": "swedish", "tr": "turkish"},
}

_WORD = re.compile(r"\w\w+")  # as bm25s cuts texts


def words_of(texts: Sequence[str], language: str | None) -> list[list[str]]:
    """Return the words of every text.

    Of a language without a Snowball stemmer or a list of stop words, words are taken as they are.
    """
    algorithm = _STEMMERS.get(language or "")
    # Made anew every time: a stemmer must not be shared between threads.
    stemmer: Any = Stemmer.Stemmer(algorithm) if algorithm in Stemmer.algorithms() else None
    words: list[list[str]] = bm25s.tokenize(
        [unicodedata.normalize("NFKC", text) for text in texts],
        stopwords=_STOP_WORDS.get(language or "", []),
        stemmer=stemmer,
        return_ids=False,
        show_progress=False,
    )
    return words


def shared_words(query: str, text: str, language: str | None) -> list[str]:
    """Return the words of a text, as they stand in it, that a query has in one form or another."""
    spelled = sorted({*_WORD.findall(text)})
    asked, *stems = words_of([query, *spelled], language)
    known = {*asked}
    return [word for word, own in zip(spelled, stems, strict=True) if known.intersection(own)]
