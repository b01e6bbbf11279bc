"""Terms of documents and queries, by ranker and language."""

from collections import Counter
from functools import reduce
from operator import or_

from corpus_tuner.core.languages import Languages
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.ngrams import extract_document_ngrams, extract_query_ngrams
from corpus_tuner.indexes.lexical.words import (
    DocumentTerms,
    extract_document_words,
    extract_query_words,
    remove_stop_words,
    tokenize_query,
)


def extract_terms(ranker: LexicalRanker, text: str, settings: LexicalSettings) -> DocumentTerms:
    """Return the terms that a ranker knows a document by, given by its text."""
    language = Languages(settings.languages).detect_text(text)
    if ranker == "words":
        return extract_document_words(text, language)
    assert settings.ngrams
    return extract_document_ngrams(text, language, settings.ngrams)


def extract_query_terms(ranker: LexicalRanker, query: str, settings: LexicalSettings) -> list[str]:
    """Return the terms of a query, each as often as it occurs, in all languages of the corpus.

    So names are found in documents of any. Stop words of the query's language are left out in the
    others, too.
    """
    languages = Languages(settings.languages)
    tokens = tokenize_query(query)
    if len(languages.codes) > 1:
        tokens = remove_stop_words(tokens, languages.detect_query(query))
    read = []
    for language in languages.codes or ("",):
        if ranker == "words":
            read.append(extract_query_words(tokens, language))
        else:
            assert settings.ngrams
            read.append(extract_query_ngrams(tokens, language, settings.ngrams))
    return [*reduce(or_, map(Counter, read)).elements()]
