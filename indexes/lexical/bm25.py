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

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.lexical.postings import Counts, Keys, Postings, keys_of
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


class Asked(NamedTuple):
    """The terms of a query that some document has.

    Attributes
    ----------
    keys
        Of the terms, shape (terms,).
    worth
        Of every term: how often it is asked for, times how rare it is; float64, shape (terms,).
    """

    keys: Keys
    worth: Scores


class Terms:
    """The terms of one kind of all documents, over all segments.

    Parameters
    ----------
    segments
        Their postings.
    """

    def __init__(self, segments: Sequence[Postings]) -> None:
        self._segments = segments
        self._documents = sum(len(segment.lengths) for segment in segments)
        self._halves: tuple[BM25, list[Scores]] | None = None

    def scores(self, query: Sequence[str], how: BM25) -> list[Scores]:
        """Return for every segment the score of every document, float64, shape (documents,).

        A document that shares no term with the query has 0.

        Parameters
        ----------
        query
            Its terms, each as often as it is there.
        how
            The parameters.
        """
        asked = self._asked(query)
        return [
            _scores(segment, asked, halves)
            for segment, halves in zip(self._segments, self._halved(how), strict=True)
        ]

    def score_document(self, query: Sequence[str], document: Sequence[str], how: BM25) -> float:
        """Return what a document of these terms would score if it stood among the others."""
        asked = self._asked(query)
        own = Counter(keys_of(document).tolist())
        counts = np.array([own[key] for key in asked.keys.tolist()], np.float64)
        shared = counts > 0
        half = self._half(np.array([len(document)]), how)
        saturated = counts[shared] / (counts[shared] + half)
        return float(asked.worth[shared] @ saturated)

    @cached_property
    def _mean(self) -> float:
        """How many terms a document has on average."""
        total = sum(int(segment.lengths.sum(dtype=np.int64)) for segment in self._segments)
        return total / self._documents if total else 1.0

    def _asked(self, query: Sequence[str]) -> Asked:
        counts = Counter(query)
        keys = keys_of(counts)
        frequencies: Counts = sum(
            (segment.frequencies(keys) for segment in self._segments), np.zeros(len(keys), np.int64)
        )
        rarity = np.log(1 + (self._documents - frequencies + 0.5) / (frequencies + 0.5))
        known = frequencies > 0
        times = np.array(list(counts.values()), np.float64)
        return Asked(keys[known], (times * rarity)[known])

    def _halved(self, how: BM25) -> list[Scores]:
        """Return `_half` of all documents, kept for the next search."""
        kept = self._halves
        if kept is None or kept[0] != how:
            kept = (how, [self._half(segment.lengths, how) for segment in self._segments])
            self._halves = kept
        return kept[1]

    def _half(self, lengths: npt.NDArray[Any], how: BM25) -> Scores:
        """Return, for documents of these lengths, the count at which a term has half its worth."""
        return np.asarray(how.k1 * (1 - how.b + how.b * lengths / self._mean), np.float64)


def _scores(segment: Postings, asked: Asked, halves: Scores) -> Scores:
    terms, documents, counts = segment.of(asked.keys)
    try:
        brought = asked.worth[terms] * (counts / (counts + halves[documents]))
    except IndexError as error:
        raise SearchIndexError(f"postings are damaged ({error}): build the index again") from error
    found: Scores = np.bincount(documents, brought, minlength=len(halves)).astype(np.float64)
    return found
