"""The words of a text that a query has, for highlighting."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, pairwise

import regex

from corpus_tuner.indexes.lexical.normalization import clean, fold_case, fold_letters
from corpus_tuner.indexes.lexical.tokens import (
    CHARACTER,
    SPACED,
    SPELLED_TOKEN,
    SPELLED_WORDS,
    split_scripts,
)
from corpus_tuner.indexes.lexical.words import analyze


def find_shared_words(terms: Sequence[str], text: str, language: str | None) -> list[str]:
    """Return the words of a text, as they stand in it, that a query, given by its terms, has.

    Of scripts without spaces, and of Korean, they are the longest runs of characters that are in
    the query.

    Examples
    --------
    >>> find_shared_words(["mill", "3.11"], "The Mills of 3.11, old mills.", "en")
    ['3.11', 'Mills', 'mills']
    >>> find_shared_words(["水车", "水", "车"], "老水车坊", "zh")
    ['水车']
    """
    known = frozenset(terms)
    found: set[str] = set()
    for token in dict.fromkeys(SPELLED_TOKEN.findall(text)):
        for run, spaced in split_scripts(token):
            if not known.isdisjoint(_extract_terms(run, language)):
                find = _find_words if spaced else _find_runs
                found.update(find(run, known, language))
    return sorted(found)


def compile_words_pattern(words: Collection[str]) -> "regex.Pattern[str]":
    """Return the pattern that finds words in a text, the longest first.

    Examples
    --------
    >>> compile_words_pattern(["mill", "C++"]).findall("C++ in a mill, no millstone")
    ['C++', 'mill']
    """
    ordered = sorted(words, key=lambda word: (-len(word), word))
    spaced = [any(spaced for _, spaced in split_scripts(word)) for word in ordered]
    return regex.compile(
        "|".join(
            rf"(?<!{SPACED}){regex.escape(word)}(?!{SPACED})" if apart else regex.escape(word)
            for word, apart in zip(ordered, spaced, strict=True)
        ),
        regex.VERSION1,
    )


def _extract_terms(spelled: str, language: str | None) -> Iterator[str]:
    return chain(*analyze(fold_case(clean(spelled), language), language))


def _find_words(run: str, known: frozenset[str], language: str | None) -> Iterator[str]:
    """Yield a token if the query has it as a whole, else those of its words that it has."""
    words = SPELLED_WORDS.findall(run)
    shared = [word for word in words if not known.isdisjoint(_extract_terms(word, language))]
    return iter([run] if len(words) == 1 or len(shared) == len(words) else shared or [run])


def _find_runs(run: str, known: frozenset[str], language: str | None) -> Iterator[str]:
    """Yield the longest parts of a run of characters that the query has."""
    characters = CHARACTER.findall(run)
    folded = [fold_letters(fold_case(clean(one), language)) for one in characters]
    marked = [False] * len(characters)
    for at, (first, second) in enumerate(pairwise(folded)):
        if first + second in known:
            marked[at] = marked[at + 1] = True
    for at, one in enumerate(folded):
        if one in known and not any(one in term for term in known if len(term) > len(one)):
            marked[at] = True
    part = ""
    for one, shown in zip([*characters, ""], [*marked, False], strict=True):
        if shown:
            part += one
        elif part:
            yield part
            part = ""
