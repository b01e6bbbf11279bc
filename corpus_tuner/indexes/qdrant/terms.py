"""Terms of a collection: their dimensions in sparse vectors, and their document frequencies.

A term never changes its dimension, so that documents stay valid when others are added.
"""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import BM25, CollectionStatistics
from corpus_tuner.indexes.lexical.postings import Counts, Keys, hash_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms
from corpus_tuner.indexes.qdrant.collection import Collection, Point, SparseVector, make_sparse
from corpus_tuner.indexes.qdrant.layout import TERMS, number_terms
from corpus_tuner.indexes.representations import Scores

_CHUNK = 2**16  # terms
_AT_ONCE = 16  # chunks


class Terms:
    """Terms by their dimensions.

    Attributes
    ----------
    keys
        Hashes of the terms, uint64, in the order of their dimensions, shape (terms,).
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._order = np.argsort(keys)
        self._sorted = keys[self._order]

    def dimensions(self, keys: Keys) -> Counts:
        """Return the dimensions of terms, -1 for unknown ones, shape (terms,)."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where(self._sorted[at] == keys, self._order[at], -1)

    def add_keys(self, keys: Keys) -> "Terms":
        """Return these terms followed by new ones."""
        return Terms(np.concatenate([self.keys, np.setdiff1d(keys, self.keys)]))

    def make_vector(
        self, document: DocumentTerms, statistics: CollectionStatistics, how: BM25
    ) -> SparseVector:
        """Return a document's vector: its saturated counts, between 0 and 1.

        Parameters
        ----------
        document
            Terms of the document, all of them known.
        statistics, how
            Statistics and parameters of BM25.
        """
        counted = Counter(document.terms)
        counts = np.array(list(counted.values()), np.float64)
        half = statistics.compute_length_norms(np.array([document.length]), how)
        return make_sparse(self.dimensions(hash_terms(counted)), counts / (counts + half))


class Ranker(NamedTuple):
    """Lexical ranker of a collection.

    Attributes
    ----------
    terms
        Terms with their dimensions.
    frequencies
        Document frequencies, shape (terms,).
    statistics
        Statistics of the documents.
    how
        Parameters of BM25 that the vectors were computed with.
    """

    terms: Terms
    frequencies: Counts
    statistics: CollectionStatistics
    how: BM25

    def make_query_vector(self, terms: Sequence[str]) -> SparseVector:
        """Return a query's vector: term counts times IDF weights."""
        counted = Counter(terms)
        dimensions, frequencies = self._of(counted)
        known = frequencies > 0
        weights = self.statistics.compute_idf_weights(counted, frequencies)
        return make_sparse(dimensions[known], weights[known])

    def score_documents(self, terms: Sequence[str], documents: Sequence[DocumentTerms]) -> Scores:
        """Return the scores of further documents, given by their terms."""
        counted = Counter(terms)
        _, frequencies = self._of(counted)
        return self.statistics.score_documents(counted, frequencies, documents, self.how)

    def _of(self, counted: Counter[str]) -> tuple[Counts, Counts]:
        """Return the dimensions and the frequencies of terms."""
        dimensions = self.terms.dimensions(hash_terms(counted))
        if not len(self.frequencies):
            return dimensions, np.zeros(len(dimensions), np.int64)
        return dimensions, np.where(dimensions >= 0, self.frequencies[dimensions], 0)


def read_keys(collection: Collection, ranker: LexicalRanker) -> Terms:
    """Read the terms in the order of their dimensions."""
    return Terms(_read(collection, ranker, "keys", np.dtype("<u8")))


def write_keys(collection: Collection, ranker: LexicalRanker, terms: Terms, known: int) -> None:
    """Write terms in the order of their dimensions.

    Parameters
    ----------
    collection, ranker, terms
        Collection, ranker and terms.
    known
        Number of terms that were written before.
    """
    _write(collection, ranker, "keys", terms.keys.astype("<u8"), known // _CHUNK)


def read_frequencies(collection: Collection, ranker: LexicalRanker) -> Counts:
    """Read document frequencies, int64, in the order of the dimensions."""
    return _read(collection, ranker, "frequencies", np.dtype("<u4")).astype(np.int64)


def write_frequencies(
    collection: Collection, ranker: LexicalRanker, terms: Terms, keys: Keys, frequencies: Counts
) -> None:
    """Write document frequencies.

    Parameters
    ----------
    collection, ranker, terms
        As in `write_keys`.
    keys, frequencies
        Hashes and document frequencies of terms, shape (terms,).
    """
    every = np.zeros(len(terms.keys), "<u4")
    every[terms.dimensions(keys)] = frequencies
    _write(collection, ranker, "frequencies", every)


def require_parameters(
    rankers: Mapping[LexicalRanker, Ranker], name: LexicalRanker, how: BM25
) -> Ranker:
    """Return a lexical ranker if it has the requested parameters.

    Raises
    ------
    SearchIndexError
        If documents were written with other parameters.
    """
    ranker = rankers[name]
    if how != ranker.how:
        raise SearchIndexError(
            f"the index in Qdrant has {name} with {ranker.how!r}, and cannot be searched with "
            f"{how!r}: put that in force where it was exported from, and export it again"
        )
    return ranker


def _read(
    collection: Collection, ranker: LexicalRanker, kind: str, dtype: np.dtype[np.unsignedinteger]
) -> Keys:
    """Read chunks of values until there are no more."""
    read: list[bytes] = []
    while len(read) % _AT_ONCE == 0:
        some = range(len(read), len(read) + _AT_ONCE)
        numbers = [number_terms(ranker, kind, chunk) for chunk in some]
        found = collection.read(numbers, [TERMS])
        new = [found[number].payload[TERMS] for number in numbers if number in found]
        if not new:
            break
        read += [base64.b64decode(chunk) for chunk in new]
    return np.frombuffer(b"".join(read), dtype)


def _write(
    collection: Collection, ranker: LexicalRanker, kind: str, values: Keys, first: int = 0
) -> None:
    """Write chunks of values, beginning with the `first`."""
    for chunk in range(first, -(-len(values) // _CHUNK)):
        part = values[chunk * _CHUNK : (chunk + 1) * _CHUNK].tobytes()
        payload = {TERMS: base64.b64encode(part).decode("ascii")}
        collection.write([Point(number_terms(ranker, kind, chunk), {}, payload)])
