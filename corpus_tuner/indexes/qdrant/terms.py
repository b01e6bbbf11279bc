"""Terms of a collection: their dimensions in sparse vectors, and their document frequencies.

A term never changes its dimension, so that documents stay valid when others are added.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import BM25, CollectionStatistics, find_rare_codes
from corpus_tuner.indexes.lexical.postings import Counts, Keys, hash_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms
from corpus_tuner.indexes.qdrant.collection import Collection, Point, SparseVector
from corpus_tuner.indexes.qdrant.layout import TERMS, number_terms
from corpus_tuner.indexes.representations import Scores

_CHUNK = 2**16  # terms
_AT_ONCE = 16  # chunks
_KEYS, _FREQUENCIES = np.dtype("<u8"), np.dtype("<u4")


class Terms:
    """Terms of a lexical ranker by their dimensions, and what BM25 needs to know.

    Parameters
    ----------
    keys
        Hashes of the terms, uint64, in the order of their dimensions, shape (terms,).
    frequencies
        Numbers of windows with each term, shape (terms,).
    statistics
        Statistics of the windows.
    how
        Parameters of BM25.
    """

    def __init__(
        self, keys: Keys, frequencies: Counts, statistics: CollectionStatistics, how: BM25
    ) -> None:
        self.keys = keys
        self.frequencies = frequencies
        self.how = how
        self._statistics = statistics
        self._order = np.argsort(keys)
        self._sorted = keys[self._order]

    def make_vector(self, windows: Sequence[DocumentTerms]) -> SparseVector:
        """Return the vector of a document of known terms: saturated counts, between 0 and 1.

        The count of a term is that of the window where it is greatest. A document of several
        windows therefore scores no less than its best window, which it scores by in a folder.
        """
        greatest: dict[str, float] = {}
        lengths = np.array([window.length for window in windows])
        halves = self._statistics.compute_length_norms(lengths, self.how)
        for window, half in zip(windows, halves.tolist(), strict=True):
            for term, count in Counter(window.terms).items():
                greatest[term] = max(greatest.get(term, 0.0), count / (count + half))
        dimensions, _ = self._look_up(greatest)
        return _make_sparse(dimensions, np.array(list(greatest.values()), np.float64))

    def make_query_vector(self, terms: Sequence[str]) -> SparseVector:
        """Return the vector of a query: term counts times IDF weights."""
        counted = Counter(terms)
        dimensions, frequencies = self._look_up(counted)
        known = frequencies > 0
        weights = self._statistics.compute_idf_weights(counted, frequencies)
        return _make_sparse(dimensions[known], weights[known])

    def has_rare_code(self, terms: Sequence[str]) -> bool:
        """Tell whether a query has a term that looks like a code and that few windows have."""
        _, frequencies = self._look_up(terms)
        return bool(find_rare_codes(terms, frequencies).any())

    def score_windows(self, terms: Sequence[str], windows: Sequence[DocumentTerms]) -> Scores:
        """Return the scores of further windows, given by their terms, for a query."""
        counted = Counter(terms)
        _, frequencies = self._look_up(counted)
        return self._statistics.score_windows(counted, frequencies, windows, self.how)

    def _look_up(self, terms: Iterable[str]) -> tuple[Counts, Counts]:
        """Return dimensions and frequencies of terms, -1 and 0 for unknown ones."""
        keys = hash_terms(terms)
        if not len(self.keys):
            return np.full(len(keys), -1), np.zeros(len(keys), np.int64)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        dimensions = np.where(self._sorted[at] == keys, self._order[at], -1)
        return dimensions, np.where(dimensions >= 0, self.frequencies[dimensions], 0)


def read_terms(
    collection: Collection, ranker: LexicalRanker, statistics: CollectionStatistics, how: BM25
) -> Terms:
    """Read the terms of a lexical ranker."""
    keys = _read(collection, ranker, "keys", _KEYS)
    frequencies = _read(collection, ranker, "frequencies", _FREQUENCIES).astype(np.int64)
    return Terms(keys, frequencies, statistics, how)


def write_keys(collection: Collection, ranker: LexicalRanker, keys: Keys) -> Keys:
    """Assign dimensions to new terms; return the keys of all terms by dimension."""
    known = _read(collection, ranker, "keys", _KEYS)
    every = np.concatenate([known, np.setdiff1d(keys, known)])
    if len(every) > len(known):
        _write(collection, ranker, "keys", every.astype(_KEYS), len(known) // _CHUNK)
    return every


def write_frequencies(collection: Collection, ranker: LexicalRanker, frequencies: Counts) -> None:
    """Write document frequencies in the order of the dimensions."""
    _write(collection, ranker, "frequencies", frequencies.astype(_FREQUENCIES))


def _make_sparse(dimensions: Counts, values: Scores) -> SparseVector:
    return SparseVector(indices=dimensions.tolist(), values=values.tolist())


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
