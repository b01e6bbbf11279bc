"""The terms of a collection: which dimension each has, and in how many documents it is.

A term keeps its dimension for good, so that documents need not be written again when others come.
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
from corpus_tuner.indexes.qdrant.engine import Engine, Point, Sparse
from corpus_tuner.indexes.qdrant.layout import TERMS, number_of_terms
from corpus_tuner.indexes.representations import Scores

_CHUNK = 2**16  # terms
_AT_ONCE = 16  # chunks


class Terms:
    """Terms by their dimensions.

    Attributes
    ----------
    keys
        What terms are known by, uint64, in the order of their dimensions, shape (terms,).
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._order = np.argsort(keys)
        self._sorted = keys[self._order]

    def dimensions(self, keys: Keys) -> Counts:
        """Return the dimensions of terms, -1 for those that there are not, shape (terms,)."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where(self._sorted[at] == keys, self._order[at], -1)

    def with_new(self, keys: Keys) -> "Terms":
        """Return these terms, and behind them those of others that are not among them."""
        return Terms(np.concatenate([self.keys, np.setdiff1d(keys, self.keys)]))

    def document(
        self, document: DocumentTerms, statistics: CollectionStatistics, how: BM25
    ) -> Sparse:
        """Return a document's vector: its saturated counts, between 0 and 1.

        Parameters
        ----------
        document
            Its terms; all are known.
        statistics, how
            By which counts saturate.
        """
        counted = Counter(document.terms)
        counts = np.array(list(counted.values()), np.float64)
        half = statistics.compute_length_norms(np.array([document.length]), how)
        return Sparse(self.dimensions(hash_terms(counted)), counts / (counts + half))


class Ranker(NamedTuple):
    """What documents are scored by for a query's terms of one kind.

    Attributes
    ----------
    terms
        All.
    frequencies
        In how many documents each is, shape (terms,).
    statistics
        Of the documents.
    how
        The parameters that their vectors were computed with.
    """

    terms: Terms
    frequencies: Counts
    statistics: CollectionStatistics
    how: BM25

    def query(self, asked: Sequence[str]) -> Sparse:
        """Return a query's vector: how often terms are asked for, times how rare they are."""
        counted = Counter(asked)
        dimensions, frequencies = self._of(counted)
        known = frequencies > 0
        worth = self.statistics.compute_idf_weights(counted, frequencies)
        return Sparse(dimensions[known], worth[known])

    def score(self, asked: Sequence[str], documents: Sequence[DocumentTerms]) -> Scores:
        """Return what documents of these terms would score if each stood among the others."""
        counted = Counter(asked)
        _, frequencies = self._of(counted)
        return self.statistics.score(counted, frequencies, documents, self.how)

    def _of(self, counted: Counter[str]) -> tuple[Counts, Counts]:
        """Return the dimensions and the frequencies of terms."""
        dimensions = self.terms.dimensions(hash_terms(counted))
        if not len(self.frequencies):
            return dimensions, np.zeros(len(dimensions), np.int64)
        return dimensions, np.where(dimensions >= 0, self.frequencies[dimensions], 0)


def read_keys(engine: Engine, ranker: LexicalRanker) -> Terms:
    """Read which dimensions terms have; none where none were written."""
    return Terms(_read(engine, ranker, "keys", np.dtype("<u8")))


def write_keys(engine: Engine, ranker: LexicalRanker, terms: Terms, known: int) -> None:
    """Write which dimensions terms have.

    Parameters
    ----------
    engine, ranker, terms
        Where, of which kind, and which.
    known
        How many of the first are there already.
    """
    _write(engine, ranker, "keys", terms.keys.astype("<u8"), known // _CHUNK)


def read_frequencies(engine: Engine, ranker: LexicalRanker) -> Counts:
    """Read in how many documents terms are, int64, in the order of their dimensions."""
    return _read(engine, ranker, "frequencies", np.dtype("<u4")).astype(np.int64)


def write_frequencies(
    engine: Engine, ranker: LexicalRanker, terms: Terms, keys: Keys, frequencies: Counts
) -> None:
    """Write in how many documents terms are.

    Parameters
    ----------
    engine, ranker, terms
        As `write_keys` takes them.
    keys, frequencies
        Of those that are in any, shape (terms,).
    """
    every = np.zeros(len(terms.keys), "<u4")
    every[terms.dimensions(keys)] = frequencies
    _write(engine, ranker, "frequencies", every)


def checked(rankers: Mapping[LexicalRanker, Ranker], name: LexicalRanker, how: BM25) -> Ranker:
    """Return a lexical ranker of a collection.

    Raises
    ------
    SearchIndexError
        If its parameters are to be others than those that documents were written with.
    """
    ranker = rankers[name]
    if how != ranker.how:
        raise SearchIndexError(
            f"the index in Qdrant has {name} with {ranker.how!r}, and cannot be searched with "
            f"{how!r}: put that in force where it was exported from, and export it again"
        )
    return ranker


def _read(
    engine: Engine, ranker: LexicalRanker, kind: str, dtype: np.dtype[np.unsignedinteger]
) -> Keys:
    """Read the chunks of terms, as long as there are more."""
    read: list[bytes] = []
    while len(read) % _AT_ONCE == 0:
        some = range(len(read), len(read) + _AT_ONCE)
        numbers = [number_of_terms(ranker, kind, chunk) for chunk in some]
        found = engine.stored(numbers, [TERMS])
        new = [found[number].payload[TERMS] for number in numbers if number in found]
        if not new:
            break
        read += [base64.b64decode(chunk) for chunk in new]
    return np.frombuffer(b"".join(read), dtype)


def _write(engine: Engine, ranker: LexicalRanker, kind: str, values: Keys, first: int = 0) -> None:
    """Write the chunks of terms, from one on."""
    for chunk in range(first, -(-len(values) // _CHUNK)):
        part = values[chunk * _CHUNK : (chunk + 1) * _CHUNK].tobytes()
        payload = {TERMS: base64.b64encode(part).decode("ascii")}
        engine.write([Point(number_of_terms(ranker, kind, chunk), {}, payload)])
