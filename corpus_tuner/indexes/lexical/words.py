"""The words of a text as terms: stems, and stop words by themselves.

Stop words are indexed, but are no part of the length of a document, and a query has them only where
it has nothing else or writes them in capitals. So a query of stop words finds what it quotes, and
all others rank documents as if there were none. For that, pairs of stop words that follow each
other are terms, too (as with Lucene's ``CommonGramsFilter``). Words of one letter are treated as
stop words.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import Stemmer

from corpus_tuner.core.stop_words import stopwords
from corpus_tuner.indexes.lexical.normalization import ZWNJ, clean, fold_case, fold_letters
from corpus_tuner.indexes.lexical.tokens import find_tokens, is_letter, split_token

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
_STOPPED = " "  # sets a stop word apart from the stem of another word
_threads = threading.local()  # a stemmer must not be shared between threads


class DocumentTerms(NamedTuple):
    """The terms of a document, each as often as it is there, and how many count in its length.

    Those are its words without stop words. Further terms at the position of a word do not count, as
    with Lucene's ``discountOverlaps``.
    """

    terms: list[str]
    length: int


class TokenTerms(NamedTuple):
    """The terms of a token: words count in the length of a document, others do not.

    Most queries leave out the stop words.
    """

    words: tuple[str, ...]
    others: tuple[str, ...]
    stop_words: tuple[str, ...]


def extract_document_words(text: str, language: str | None) -> DocumentTerms:
    """Return the words of a document, given by its text and language, an ISO 639-1 code.

    Of a language without a Snowball stemmer or a list of stop words, words are taken as they are.
    """
    found = [analyze(token, language) for token in tokenize_text(text, language)]
    words = [word for one in found for word in one.words]
    others = [other for one in found for other in one.others]
    return DocumentTerms([*words, *others, *_find_stop_terms(found)], len(words))


def extract_query_words(tokens: Sequence[str], language: str | None) -> list[str]:
    """Return the words of a query that documents are searched for, given by its tokens.

    Examples
    --------
    >>> extract_query_words(tokenize_query("the mills of IT"), "en")
    ['mill', ' it']
    >>> extract_query_words(tokenize_query("to be"), "en")
    [' to', ' be', ' to be']
    """
    found = [analyze(fold_case(token, language), language) for token in tokens]
    terms = [term for one in found for term in (*one.words, *one.others)]
    if not terms:
        return [*_find_stop_terms(found)]
    for one, emphasized in zip(found, _find_emphasized(tokens), strict=True):
        if emphasized:
            terms += (word for word in one.stop_words if len(word.strip()) > 1)
    return terms


def tokenize_text(text: str, language: str | None) -> list[str]:
    """Return the tokens of a text with their case folded."""
    return find_tokens(fold_case(clean(text), language))


def tokenize_query(query: str) -> list[str]:
    """Return the tokens of a query in the case that they have there."""
    return find_tokens(clean(query))


def remove_stop_words(tokens: Sequence[str], language: str) -> list[str]:
    """Return the tokens of a query that are no stop words of a language; all if none is another."""
    stop_words = _load_stop_words(language)
    shown = _find_emphasized(tokens)
    content = [
        token
        for token, emphasized in zip(tokens, shown, strict=True)
        if emphasized or fold_case(token, language) not in stop_words
    ]
    return content or [*tokens]


def is_code(term: str) -> bool:
    """Tell whether a term looks like a code: a number with letters, or of three digits or more.

    Examples
    --------
    >>> [term for term in ("e3999", "x.25", "2026", "42", "mill") if is_code(term)]
    ['e3999', 'x.25', '2026']
    """
    digits = sum(character.isdigit() for character in term)
    return digits > 2 or (digits > 0 and any(character.isalpha() for character in term))


def extract_words(text: str, language: str | None) -> list[str]:
    """Return the words of a text without stop words, and the numbers and names that they form.

    Examples
    --------
    >>> extract_words("the mills of section 4.2", "en")
    ['mill', 'section', '4.2', '4', '2']
    """
    found = (analyze(token, language) for token in tokenize_text(text, language))
    return [term for words, others, _ in found for term in words + others]


def split_words(token: str, language: str | None) -> tuple[list[str], list[str]]:
    """Return the words of a token with its case folded, not stemmed, and parts of these.

    Neither are stop words.
    """
    terms = split_token(fold_letters(token))
    stop_words = _load_stop_words(language)
    words = [word.replace(ZWNJ, "") for word in terms.words if word not in stop_words]
    return words, [piece for piece in terms.pieces if piece not in stop_words]


def _find_emphasized(tokens: Sequence[str]) -> list[bool]:
    """Tell of every token whether it is in capitals, where not all of several are."""
    capital = [len(token) > 1 and token.isupper() for token in tokens]
    return capital if len(tokens) == 1 or not all(capital) else [False] * len(tokens)


def _find_stop_terms(found: Iterable[TokenTerms]) -> Iterator[str]:
    """Yield the stop words of some tokens, and the pairs of those that follow each other."""
    before = ""
    for words, others, stop_words in found:
        if stop_words:
            yield from stop_words
            if words or others or len(stop_words) > 1:
                before = ""
            else:
                if before:
                    yield before + stop_words[0]
                before = stop_words[0]
        else:
            before = ""


@lru_cache(2**16)
def analyze(token: str, language: str | None) -> TokenTerms:
    """Return the terms of a token with its case folded."""
    words, pieces, joined_tokens, acronyms = split_token(fold_letters(token))
    stop_words = _load_stop_words(language)
    counted: list[str] = []
    further = [*joined_tokens]
    stopped = [_STOPPED + one if one in stop_words else one for one in acronyms]
    for word in words:
        if word in stop_words or is_letter(word):
            stopped.append(_STOPPED + word)
        elif len(word) == 1 and word.isdecimal():
            further.append(word)
        else:
            counted.append(_stem(word, language))
    further += (_stem(piece, language) for piece in pieces if piece not in stop_words)
    return TokenTerms(tuple(counted), tuple(further), tuple(stopped))


@cache
def _load_stop_words(language: str | None) -> frozenset[str]:
    words = _STOP_WORDS.get(language or "", ())
    return frozenset(fold_letters(fold_case(clean(word), language)) for word in words)


def _stem(word: str, language: str | None) -> str:
    """Return the stem of a word with its case and letters folded."""
    stemmer = _open_stemmer(language)
    if stemmer is None:
        return word.replace(ZWNJ, "")
    if language == "ar" and word.endswith("ه"):
        word = f"{word[:-1]}ة"  # as the stemmer knows the ending; `fold_letters` made them one
    return str(stemmer.stemWord(word)).replace(ZWNJ, "")


def _open_stemmer(language: str | None) -> Any:
    """Return the stemmer of this thread for a language; ``None`` if there is none."""
    stemmers = _threads.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        algorithm = _STEMMERS.get(language or "")
        known = algorithm in Stemmer.algorithms()
        stemmers[language] = Stemmer.Stemmer(algorithm) if known else None
    return stemmers[language]
