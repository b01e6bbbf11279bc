"""BM25, computed from counts when searching.

The formula is Lucene's. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; its variants: Lù, "BM25S", arXiv 2407.03618. Scores that are computed when
indexing, as bm25s does, hold the statistics of their own segment, and cannot be compared with those
of another one.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.lexical.postings import (
    Counts,
    Keys,
    Postings,
    count_document_frequencies,
    hash_terms,
)
from corpus_tuner.indexes.lexical.words import DocumentTerms
from corpus_tuner.indexes.representations import Scores


class BM25(BaseModel):
    """The parameters.

    Attributes
    ----------
    k1
        How soon more of the same term stops counting.
    b
        How much a long text is held against a document, from 0 to 1.

    Examples
    --------
    >>> BM25(k1=1.5)
    BM25(k1=1.5, b=0.4)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k1: Annotated[float, Field(ge=0)] = 0.9
    b: Annotated[float, Field(ge=0, le=1)] = 0.4


class Statistics(NamedTuple):
    """What is known of all documents together: with it a term's count gets its worth.

    Attributes
    ----------
    documents
        How many there are.
    mean
        How long one is on average, in terms.
    """

    documents: int
    mean: float

    def worth(self, asked: Counter[str], frequencies: Counts) -> Scores:
        """Return, of every term, how often it is asked for, times how rare it is.

        Parameters
        ----------
        asked
            The terms of a query.
        frequencies
            In how many documents each is, shape (terms,).
        """
        times = np.array(list(asked.values()), np.float64)
        rarity = np.log(1 + (self.documents - frequencies + 0.5) / (frequencies + 0.5))
        return np.asarray(times * rarity)

    def half(self, lengths: npt.NDArray[Any], how: BM25) -> Scores:
        """Return, for documents of these lengths, the count at which a term has half its worth."""
        return np.asarray(how.k1 * (1 - how.b + how.b * lengths / self.mean), np.float64)

    def score(
        self,
        asked: Counter[str],
        frequencies: Counts,
        documents: Sequence[DocumentTerms],
        how: BM25,
    ) -> Scores:
        """Return what documents of these terms would score if each stood among the others.

        Parameters
        ----------
        asked, frequencies
            As `worth` takes them.
        documents
            The terms of each.
        how
            The parameters.
        """
        worth = self.worth(asked, frequencies)
        halves = self.half(np.array([document.length for document in documents]), how)
        scores = np.zeros(len(documents))
        for number, (document, half) in enumerate(zip(documents, halves, strict=True)):
            own = Counter(document.terms)
            counts = np.array([own[term] for term in asked], np.float64)
            shared = (counts > 0) & (frequencies > 0)
            scores[number] = worth[shared] @ (counts[shared] / (counts[shared] + half))
        return scores


class Terms:
    """The terms of one kind of all documents, over all segments.

    Parameters
    ----------
    segments
        Their postings.
    live_docs
        Which documents are still there, of all segments, shape (documents,).

    Raises
    ------
    SearchIndexError
        If the segments have other documents than these.
    """

    def __init__(self, segments: Sequence[Postings], live_docs: npt.NDArray[np.bool_]) -> None:
        self._segments = segments
        self._live_docs = live_docs
        self._documents = int(live_docs.sum())
        none = [np.zeros(0, np.int32)]
        self._lengths = np.concatenate(none + [segment.lengths for segment in segments])
        if len(self._lengths) != len(live_docs):
            raise SearchIndexError(
                f"there are terms of {len(self._lengths)} documents, and {len(live_docs)} "
                f"documents: {DAMAGED}"
            )
        sizes = [len(segment.lengths) for segment in segments]
        self._firsts = np.cumsum([0, *sizes])[:-1]
        self._halves: tuple[BM25, Scores] | None = None
        self._frequencies: tuple[Counter[str], Counts] | None = None

    def scores(self, query: Sequence[str], how: BM25) -> Scores:
        """Return the score of every document of all segments, float64, shape (documents,).

        A document that is gone or shares no term with the query has 0.

        Parameters
        ----------
        query
            Its terms, each as often as it is there.
        how
            The parameters.
        """
        counted = Counter(query)
        terms, documents, counts = self._postings(hash_terms(counted))
        frequencies = np.bincount(terms, minlength=len(counted))
        self._frequencies = (counted, frequencies)
        worth = self.statistics.worth(counted, frequencies)
        brought = worth[terms] * (counts / (counts + self._halved(how)[documents]))
        found = np.bincount(documents, brought, minlength=len(self._live_docs))
        return found.astype(np.float64)

    def score_terms(
        self, query: Sequence[str], documents: Sequence[DocumentTerms], how: BM25
    ) -> Scores:
        """Return what documents of these terms would score if each stood among the others."""
        counted = Counter(query)
        kept = self._frequencies
        if kept is not None and list(kept[0].items()) == list(counted.items()):
            frequencies = kept[1]  # what was searched for is also what its hits are shown by
        else:
            terms, _, _ = self._postings(hash_terms(counted))
            frequencies = np.bincount(terms, minlength=len(counted))
        return self.statistics.score(counted, frequencies, documents, how)

    @cached_property
    def statistics(self) -> Statistics:
        """What is known of all documents that are there."""
        total = int(self._lengths[self._live_docs].sum(dtype=np.int64))
        return Statistics(self._documents, total / self._documents if total else 1.0)

    def frequencies(self) -> tuple[Keys, Counts]:
        """Return all terms of documents that are there, and in how many each is.

        By key in ascending order; both of shape (terms,).
        """
        live_docs = np.split(self._live_docs, self._firsts[1:])
        return count_document_frequencies(list(zip(self._segments, live_docs, strict=True)))

    def _postings(self, keys: Keys) -> tuple[Counts, Counts, npt.NDArray[np.float64]]:
        """Return the postings of terms in documents that are there; see `Postings.of`."""
        found = [segment.of(keys) for segment in self._segments]
        if len(found) == 1 and self._documents == len(self._live_docs):
            return found[0]
        terms = np.concatenate([np.zeros(0, np.int64), *(own[0] for own in found)])
        documents = np.concatenate(
            [np.zeros(0, np.int64)]
            + [own[1] + first for own, first in zip(found, self._firsts, strict=True)]
        )
        counts = np.concatenate([np.zeros(0), *(own[2] for own in found)])
        if self._documents == len(self._live_docs):
            return terms, documents, counts
        there = self._live_docs[documents]
        return terms[there], documents[there], counts[there]

    def _halved(self, how: BM25) -> Scores:
        """Return `Statistics.half` of all documents, kept for the next search."""
        kept = self._halves
        if kept is None or kept[0] != how:
            kept = (how, self.statistics.half(self._lengths, how))
            self._halves = kept
        return kept[1]
