"""BM25, computed from term counts when searching.

A segment stores counts. Document frequencies are summed over all segments when searching, so that
the same documents have the same scores in one segment or in twenty.

The formula is Lucene's. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; its variants: Lù, "BM25S", arXiv 2407.03618. Scores that are computed when
indexing, as bm25s does, contain the statistics of their own segment, and cannot be compared with
those of another one.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.postings import (
    Counts,
    Keys,
    Postings,
    count_document_frequencies,
    hash_terms,
)
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms
from corpus_tuner.indexes.representations import Scores


class BM25(BaseModel):
    """Parameters of BM25.

    Attributes
    ----------
    k1
        Saturation of the term frequency.
    b
        Length normalization, from 0 to 1.

    Examples
    --------
    >>> BM25(k1=1.5)
    BM25(k1=1.5, b=0.4)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k1: Annotated[float, Field(ge=0)] = 0.9
    b: Annotated[float, Field(ge=0, le=1)] = 0.4


class CollectionStatistics(NamedTuple):
    """Number of documents of an index, and their mean length in terms."""

    documents: int
    mean: float

    def compute_idf_weights(self, query: Counter[str], frequencies: Counts) -> Scores:
        """Return the idf weight of every query term, times its number of occurrences.

        Document frequencies of the terms have the shape (terms,).
        """
        times = np.array(list(query.values()), np.float64)
        idf = np.log(1 + (self.documents - frequencies + 0.5) / (frequencies + 0.5))
        return np.asarray(times * idf)

    def compute_length_norms(self, lengths: npt.NDArray[Any], how: BM25) -> Scores:
        """Return, by document length, the term frequency with half of the greatest score."""
        return np.asarray(how.k1 * (1 - how.b + how.b * lengths / self.mean), np.float64)

    def score_documents(
        self,
        query: Counter[str],
        frequencies: Counts,
        documents: Sequence[DocumentTerms],
        how: BM25,
    ) -> Scores:
        """Return the scores that documents of these terms would have in the index."""
        idf = self.compute_idf_weights(query, frequencies)
        lengths = np.array([document.length for document in documents])
        norms = self.compute_length_norms(lengths, how)
        scores = np.zeros(len(documents))
        for number, (document, norm) in enumerate(zip(documents, norms, strict=True)):
            own = Counter(document.terms)
            counts = np.array([own[term] for term in query], np.float64)
            shared = (counts > 0) & (frequencies > 0)
            scores[number] = idf[shared] @ (counts[shared] / (counts[shared] + norm))
        return scores


class LexicalIndex:
    """BM25 scores of all documents of an index, by the terms of one lexical ranker.

    Parameters
    ----------
    folders
        Folders of the segments.
    ranker
        Ranker whose postings are read.
    settings
        Settings that the terms were written with.
    live_docs
        Live documents of all segments, bool, shape (documents,).

    Raises
    ------
    SearchIndexError
        If the files are damaged, or have another number of documents.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        ranker: LexicalRanker,
        settings: LexicalSettings,
        live_docs: npt.NDArray[np.bool_],
    ) -> None:
        self._ranker = ranker
        self._settings = settings
        self._live_docs = live_docs
        self._segments = [Postings(folder, ranker) for folder in folders]
        sizes = [len(segment.lengths) for segment in self._segments]
        if sum(sizes) != len(live_docs):
            raise SearchIndexError(
                f"there are terms of {sum(sizes)} documents, and {len(live_docs)} documents: "
                f"{DAMAGED}"
            )
        self._lengths = np.concatenate(
            [np.zeros(0, np.int32), *(one.lengths for one in self._segments)]
        )
        self._firsts = np.cumsum([0, *sizes])[:-1]
        documents = int(live_docs.sum())
        total = int(self._lengths[live_docs].sum(dtype=np.int64))
        self.statistics = CollectionStatistics(documents, total / documents if total else 1.0)
        self._norms: tuple[BM25, Scores] | None = None
        self._frequencies: tuple[Counter[str], Counts] | None = None

    def score(self, query: str, how: BM25) -> Scores:
        """Return the score of every document of all segments, float64, shape (documents,).

        A document that is deleted or shares no term with the query has 0.
        """
        counted = Counter(extract_query_terms(self._ranker, query, self._settings))
        terms, documents, counts = self._look_up(counted)
        frequencies = np.bincount(terms, minlength=len(counted))
        self._frequencies = (counted, frequencies)
        idf = self.statistics.compute_idf_weights(counted, frequencies)
        scores = idf[terms] * (counts / (counts + self._compute_norms(how)[documents]))
        found = np.bincount(documents, scores, minlength=len(self._live_docs))
        return found.astype(np.float64)

    def score_texts(self, query: str, texts: Sequence[str], how: BM25) -> Scores:
        """Return the scores that texts would have if they were documents of the index."""
        counted = Counter(extract_query_terms(self._ranker, query, self._settings))
        documents = [extract_terms(self._ranker, text, self._settings) for text in texts]
        cached = self._frequencies
        if cached is not None and list(cached[0].items()) == list(counted.items()):
            frequencies = cached[1]  # windows of hits are scored for the query just searched
        else:
            terms, _, _ = self._look_up(counted)
            frequencies = np.bincount(terms, minlength=len(counted))
        return self.statistics.score_documents(counted, frequencies, documents, how)

    def count_frequencies(self) -> tuple[Keys, Counts]:
        """Return the terms of live documents, by key in ascending order, and their frequencies."""
        live_docs = np.split(self._live_docs, self._firsts[1:])
        return count_document_frequencies(list(zip(self._segments, live_docs, strict=True)))

    def _look_up(self, query: Counter[str]) -> tuple[Counts, Counts, npt.NDArray[np.float64]]:
        """Return the postings of terms in live documents; see `Postings.look_up`."""
        keys = hash_terms(query)
        found = [segment.look_up(keys) for segment in self._segments]
        terms = np.concatenate([np.zeros(0, np.int64), *(own[0] for own in found)])
        documents = np.concatenate(
            [np.zeros(0, np.int64)]
            + [own[1] + first for own, first in zip(found, self._firsts, strict=True)]
        )
        counts = np.concatenate([np.zeros(0), *(own[2] for own in found)])
        if self.statistics.documents == len(self._live_docs):
            return terms, documents, counts
        live = self._live_docs[documents]
        return terms[live], documents[live], counts[live]

    def _compute_norms(self, how: BM25) -> Scores:
        """Return the length norms of all documents, cached for the next search."""
        cached = self._norms
        if cached is None or cached[0] != how:
            cached = (how, self.statistics.compute_length_norms(self._lengths, how))
            self._norms = cached
        return cached[1]
