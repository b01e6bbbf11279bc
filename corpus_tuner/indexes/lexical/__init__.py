"""Lexical search: documents are ranked by the words and character n-grams of the query.

A segment stores counts. Document frequencies are summed over all segments when searching, so that
the same documents have the same scores in one segment or in twenty.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.languages import Languages
from corpus_tuner.indexes.lexical.bm25 import BM25, BM25Index
from corpus_tuner.indexes.lexical.ngrams import extract_document_ngrams, extract_query_ngrams
from corpus_tuner.indexes.lexical.postings import Postings, write_postings
from corpus_tuner.indexes.lexical.words import (
    DocumentTerms,
    extract_document_words,
    extract_query_words,
    remove_stop_words,
    tokenize_query,
)
from corpus_tuner.indexes.representations import Scores

LexicalRanker = Literal["words", "ngrams"]
LEXICAL_RANKERS: tuple[LexicalRanker, ...] = get_args(LexicalRanker)

_AT_ONCE = 256  # texts


class LexicalSettings(BaseModel):
    """What terms there are.

    Attributes
    ----------
    languages
        ISO 639-1 codes, for stemming and stop words; none takes those of the corpus. Of several,
        every document is read in the one that it is in, and a query in all of them.
    ngrams
        Length of the character n-grams; ``None`` for none.
    views
        Kinds of views whose words are added to their document's, and how many times (doc2query:
        Nogueira, Yang, Lin and Cho, "Document Expansion by Query Prediction", arXiv 1904.08375).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: tuple[str, ...] = ()
    ngrams: PositiveInt | None = 4
    views: dict[str, PositiveInt] = Field(default_factory=dict)

    @property
    def rankers(self) -> tuple[LexicalRanker, ...]:
        """What documents can be ranked by."""
        return LEXICAL_RANKERS if self.ngrams else ("words",)

    def join_text(self, document: Document, views: Sequence[View]) -> str:
        """Return the text of a document whose terms are indexed: its own, and that of views."""
        added = (view.text for view in views for _ in range(self.views.get(view.kind, 0)))
        return "\n".join((document.title, document.text, *added))


class LexicalIndex:
    """The terms of all documents of an index. What is not searched by is not read.

    Parameters
    ----------
    folders
        Folders of the segments.
    settings
        As they were written with.
    live_docs
        Live documents of all segments, bool, shape (documents,).

    Attributes
    ----------
    terms
        Terms of each ranker.

    Raises
    ------
    SearchIndexError
        If the files are damaged.
    """

    def __init__(
        self, folders: Sequence[Path], settings: LexicalSettings, live_docs: npt.NDArray[np.bool_]
    ) -> None:
        self._settings = settings
        self.terms = {
            ranker: BM25Index([Postings(folder, ranker) for folder in folders], live_docs)
            for ranker in settings.rankers
        }

    def score(self, ranker: LexicalRanker, query: str, how: BM25) -> Scores:
        """Return the score of every document of all segments, shape (documents,).

        It is 0 for those that are gone, or share no term.
        """
        return self.terms[ranker].score(extract_query_terms(ranker, query, self._settings), how)

    def score_texts(
        self, ranker: LexicalRanker, query: str, texts: Sequence[str], how: BM25
    ) -> Scores:
        """Return what documents of these texts would score if each stood among the others."""
        query_terms = extract_query_terms(ranker, query, self._settings)
        documents = extract_terms(ranker, texts, self._settings)
        return self.terms[ranker].score_documents(query_terms, documents, how)


def write_lexical(
    texts: Iterable[str], folder: Path, settings: LexicalSettings, ranker: LexicalRanker
) -> None:
    """Write the terms of one kind of the documents' texts."""
    write_postings(_stream(ranker, texts, settings), folder, ranker)


def _stream(
    ranker: LexicalRanker, texts: Iterable[str], settings: LexicalSettings
) -> Iterator[DocumentTerms]:
    for chunk in split_into_chunks(texts, _AT_ONCE):
        yield from extract_terms(ranker, chunk, settings)


def extract_terms(
    ranker: LexicalRanker, texts: Sequence[str], settings: LexicalSettings
) -> list[DocumentTerms]:
    """Return the terms that a ranker knows every document by, given by its text."""
    languages = Languages(settings.languages)
    if len(settings.languages) < 2:
        return _extract_in(languages.main, ranker, texts, settings)
    by_language: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        by_language.setdefault(languages.detect_text(text), []).append(number)
    terms = {
        number: own
        for language, numbers in by_language.items()
        for number, own in zip(
            numbers,
            _extract_in(language, ranker, [texts[number] for number in numbers], settings),
            strict=True,
        )
    }
    return [terms[number] for number in range(len(texts))]


def extract_query_terms(ranker: LexicalRanker, query: str, settings: LexicalSettings) -> list[str]:
    """Return the terms of a query, in all the languages of the corpus.

    So names are found in documents of any. Stop words of the query's language are left out in the
    others, too.
    """
    languages = Languages(settings.languages)
    tokens = tokenize_query(query)
    if len(settings.languages) < 2:
        return _extract_query_in(languages.main, ranker, tokens, settings)
    content = remove_stop_words(tokens, languages.detect_query(query))
    read = [_extract_query_in(code, ranker, content, settings) for code in settings.languages]
    return [*reduce(or_, map(Counter, read)).elements()]


def _extract_in(
    language: str, ranker: LexicalRanker, texts: Sequence[str], settings: LexicalSettings
) -> list[DocumentTerms]:
    if ranker == "words":
        return extract_document_words(texts, language)
    assert settings.ngrams
    return extract_document_ngrams(texts, language, settings.ngrams)


def _extract_query_in(
    language: str, ranker: LexicalRanker, tokens: Sequence[str], settings: LexicalSettings
) -> list[str]:
    if ranker == "words":
        return extract_query_words(tokens, language)
    assert settings.ngrams
    return extract_query_ngrams(tokens, language, settings.ngrams)
