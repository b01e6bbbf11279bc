"""Character n-grams within words: parts that compounds, other forms and slips of the pen share.

Source: McNamee and Mayfield, "Character N-Gram Tokenization for European Language Text Retrieval",
Information Retrieval 7, 2004; four letters are best in most languages.
"""

from collections.abc import Sequence

from corpus_tuner.indexes.lexical.words import forms_of

_EDGE = "_"


def grams_of(texts: Sequence[str], language: str | None, length: int) -> list[list[str]]:
    """Return the n-grams of every text: of `length` characters, the edges of words being one.

    Stop words have none, and a word that is too short for one is one.

    Examples
    --------
    >>> grams_of(["die alte Wassermühle"], "de", 4)[0][:4]
    ['_alt', 'alte', 'lte_', '_was']
    """
    return [
        [gram for word in words for gram in _grams(word, length)]
        for words in forms_of(texts, language)
    ]


def _grams(word: str, length: int) -> list[str]:
    text = f"{_EDGE}{word}{_EDGE}"
    return [text[start : start + length] for start in range(max(1, len(text) - length + 1))]
