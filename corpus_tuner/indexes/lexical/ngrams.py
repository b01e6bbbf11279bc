"""Character n-grams within words: parts that compounds, other forms and slips of the pen share.

Source: McNamee and Mayfield, "Character N-Gram Tokenization for European Language Text Retrieval",
Information Retrieval 7, 2004; four letters are best in most languages.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from corpus_tuner.indexes.lexical.normalization import fold_case
from corpus_tuner.indexes.lexical.words import DocumentTerms, split_words, tokenize_text

_EDGE = "_"


def extract_document_ngrams(text: str, language: str | None, length: int) -> DocumentTerms:
    """Return the n-grams of a document: of `length` characters, the edges of words being one.

    Stop words have none, and a word that is too short for one is one.

    Examples
    --------
    >>> extract_document_ngrams("die alte Mühle", "de", 4)
    DocumentTerms(terms=['_alt', 'alte', 'lte_', '_müh', 'mühl', 'ühle', 'hle_'], length=7)
    """
    return _extract_ngrams(tokenize_text(text, language), language, length)


def extract_query_ngrams(tokens: Sequence[str], language: str | None, length: int) -> list[str]:
    """Return the n-grams of a query, given by its tokens (`words.tokenize_query`).

    Examples
    --------
    >>> extract_query_ngrams(["Mühle"], "de", 4)
    ['_müh', 'mühl', 'ühle', 'hle_']
    """
    folded = (fold_case(token, language) for token in tokens)
    return _extract_ngrams(folded, language, length).terms


def _extract_ngrams(tokens: Iterable[str], language: str | None, length: int) -> DocumentTerms:
    terms: list[str] = []
    further: list[str] = []
    for token in tokens:
        own, others = _split_token(token, language, length)
        terms += own
        further += others
    return DocumentTerms(terms + further, len(terms))


@lru_cache(2**16)
def _split_token(
    token: str, language: str | None, length: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the n-grams of the words of a token, and those of parts of words."""
    words, others = split_words(token, language)
    return _cut_ngrams(words, length), _cut_ngrams(others, length)


def _cut_ngrams(words: Iterable[str], length: int) -> tuple[str, ...]:
    texts = (f"{_EDGE}{word}{_EDGE}" for word in words)
    return tuple(
        text[start : start + length]
        for text in texts
        for start in range(max(1, len(text) - length + 1))
    )
