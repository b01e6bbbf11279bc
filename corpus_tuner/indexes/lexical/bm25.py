"""BM25, computed from term counts when searching.

A document is scored by its best window (MaxP). A long document has several, which are the passages
that the encoder reads; any other document is one window. Source: Dai and Callan, "Deeper Text
Understanding for IR with Contextual Neural Language Modeling", SIGIR 2019.

A segment stores counts. Window frequencies are summed over all segments when searching, so that
the same documents have the same scores in one segment or in twenty.

Where the terms of a query have very many postings, only windows that have one of its rarest terms
are candidates, and further terms are looked up for the best of these. All scores are exact, but the
candidates are approximate. Source: Moffat and Zobel, "Self-Indexing Inverted Files for Fast Text
Retrieval", TOIS 1996 (limited accumulators).

The formula is Lucene's. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; its variants: Lù, "BM25S", arXiv 2407.03618. Scores that are computed when
indexing, as bm25s does, contain the statistics of their own segment, and cannot be compared with
those of another one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import pairwise
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
    count_window_frequencies,
    hash_terms,
)
from corpus_tuner.indexes.lexical.scoring import QueryTerms, look_up_scores, score_blocks
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms, is_code
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import find_top

MOST_POSTINGS = 2**19
"""Number of postings of the rarest terms of a query whose documents are candidates."""
LEADING_DOCUMENTS = 2_000
"""Least number of candidates that all terms are looked up for, the best by the rarest terms."""
_BLOCK = 2**16  # windows whose scores are computed at once, so that they fit into the cache


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

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    k1: Annotated[float, Field(ge=0, le=1e6)] = 0.9
    b: Annotated[float, Field(ge=0, le=1)] = 0.4


RARE = 3
"""Greatest number of windows that have a rare term."""
CODE_FACTOR = 2.0
"""Factor on the idf weight of a rare code, such as an error number: a window that has it leads one
that has some other words of the query."""


def find_rare_codes(terms: Iterable[str], frequencies: Counts) -> npt.NDArray[np.bool_]:
    """Return which terms look like codes and are in some windows, but few.

    Terms, and the numbers of windows that have each, are in the same order.
    """
    rare = ((frequencies > 0) & (frequencies <= RARE)).tolist()
    return np.array([few and is_code(term) for term, few in zip(terms, rare, strict=True)], bool)


class CollectionStatistics(NamedTuple):
    """Number of windows of an index, and their mean length in terms."""

    windows: int
    mean: float

    def compute_idf_weights(self, query: Counter[str], frequencies: Counts) -> Scores:
        """Return the idf weight of every query term, times its number of occurrences.

        Frequencies, the numbers of windows that have each term, have the shape (terms,).
        """
        times = np.array(list(query.values()), np.float64)
        times[find_rare_codes(query, frequencies)] *= CODE_FACTOR
        idf = np.log(1 + (self.windows - frequencies + 0.5) / (frequencies + 0.5))
        return np.asarray(times * idf)

    def compute_length_norms(self, lengths: npt.NDArray[Any], how: BM25) -> Scores:
        """Return, by window length, the term frequency with half of the greatest score."""
        return np.asarray(how.k1 * (1 - how.b + how.b * lengths / self.mean), np.float64)

    def score_windows(
        self,
        query: Counter[str],
        frequencies: Counts,
        windows: Sequence[DocumentTerms],
        how: BM25,
    ) -> Scores:
        """Return the scores that windows of these terms would have in the index."""
        idf = self.compute_idf_weights(query, frequencies)
        lengths = np.array([window.length for window in windows])
        norms = self.compute_length_norms(lengths, how)
        scores = np.zeros(len(windows))
        for number, (window, norm) in enumerate(zip(windows, norms, strict=True)):
            own = Counter(window.terms)
            counts = np.array([own[term] for term in query], np.float64)
            shared = (counts > 0) & (frequencies > 0)
            scores[number] = idf[shared] @ (counts[shared] / (counts[shared] + norm))
        return scores


class _Query(NamedTuple):
    """A query, and its terms by their number of windows in ascending order.

    Scores of windows are sums in this order, whichever way they are computed.

    Attributes
    ----------
    text
        Query.
    terms, frequencies
        Terms with their numbers of occurrences, and the number of windows that have each.
    idf
        Weights of the terms, in ascending order of the frequencies.
    postings
        Where the postings of the terms begin and end in every segment, in the same order.
    """

    text: str
    terms: Counter[str]
    frequencies: Counts
    idf: Scores
    postings: Sequence[tuple[Counts, Counts]]


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
    windows
        Number of windows of every document of all segments, int32, shape (documents,).
    live_docs
        Live documents of all segments, bool, shape (documents,).

    Attributes
    ----------
    first_windows
        Position of the first window of every document, shape (documents,).
    statistics
        Statistics of the windows of live documents.

    Raises
    ------
    SearchIndexError
        If the files are damaged, or have another number of windows.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        ranker: LexicalRanker,
        settings: LexicalSettings,
        windows: npt.NDArray[np.int32],
        live_docs: npt.NDArray[np.bool_],
    ) -> None:
        self._ranker = ranker
        self._settings = settings
        self._segments = [Postings(folder, ranker) for folder in folders]
        sizes = [len(segment.lengths) for segment in self._segments]
        if sum(sizes) != windows.sum():
            raise SearchIndexError(
                f"there are terms of {sum(sizes)} windows, and {windows.sum()} windows: {DAMAGED}"
            )
        self._several = sum(sizes) > len(windows)
        self._is_small = sum(sizes) <= _BLOCK
        self.first_windows = np.cumsum(windows) - windows
        self._windows = windows
        self._edges = np.cumsum([0, *sizes])
        self._blocks = [self._split(*edges) for edges in pairwise(self._edges.tolist())]
        self._lengths = np.concatenate(
            [np.zeros(0, np.int32), *(one.lengths for one in self._segments)]
        )
        self._set_live_docs(live_docs)

    def _split(self, start: int, end: int) -> Ordinals:
        """Return the edges of blocks of the windows of a segment, relative to its first.

        The scores of a block fit into the cache of a processor. The windows of a document are all
        in the same.
        """
        firsts = np.append(self.first_windows, end)
        edges = firsts[np.searchsorted(firsts, [*range(start, end, _BLOCK), end])]
        return np.unique(edges) - start

    def _set_live_docs(self, live_docs: npt.NDArray[np.bool_]) -> None:
        self._live_windows = np.repeat(live_docs, self._windows)
        live = int(self._live_windows.sum())
        self._all_live = live == len(self._live_windows)
        total = int(self._lengths[self._live_windows].sum(dtype=np.int64))
        self.statistics = CollectionStatistics(live, total / live if total else 1.0)
        self._norms: tuple[BM25, Scores] | None = None
        self._last: _Query | None = None
        self._last_scores: tuple[_Query, BM25, Scores] | None = None

    def restrict(self, live_docs: npt.NDArray[np.bool_]) -> "LexicalIndex":
        """Return the same terms with other live documents, bool, shape (documents,)."""
        restricted = copy(self)
        restricted._set_live_docs(live_docs)
        return restricted

    def score(self, query: str, how: BM25) -> Scores:
        """Return the score of the best window of every document, float64, shape (documents,).

        Documents are those of all segments; one that is deleted or shares no term with the query
        has 0.
        """
        return self._reduce(self._score_all(self._prepare(query), how), self.first_windows)

    def find_candidates(
        self, query: str, how: BM25, size: int, only: Ordinals | None = None
    ) -> Ordinals:
        """Return the best documents in ascending order: `size`, and all that tie with the last.

        All of them share a term with the query. They are found among those that have one of its
        rarest terms, if its terms have more than `MOST_POSTINGS` postings in more than 65,536
        windows.

        Parameters
        ----------
        query, how
            Query, and parameters of BM25.
        size
            Number of documents.
        only
            Documents that pass a filter, in ascending order; by default all.
        """
        prepared = self._prepare(query)
        if self._is_small:
            scores = self._reduce(self._score_all(prepared, how), self.first_windows)
            documents = np.flatnonzero(scores) if only is None else only[scores[only] > 0]
            return np.asarray(documents[find_top(scores[documents], size)])
        # Limits are of live windows, so that an index with deletions finds what a new one would.
        postings = np.cumsum(np.sort(prepared.frequencies))
        rare = max(1, int(np.searchsorted(postings, MOST_POSTINGS, side="right")))
        if only is not None and len(only) <= LEADING_DOCUMENTS:
            documents = only
        elif rare >= len(postings) or self.statistics.windows <= _BLOCK:
            return self._find_top(prepared, how, len(postings), size, only)
        else:
            leading = max(LEADING_DOCUMENTS, 4 * size)
            documents = self._find_top(prepared, how, rare, leading, only)
        scores = self.score_documents(query, how, documents)
        documents, scores = documents[scores > 0], scores[scores > 0]
        return np.asarray(documents[find_top(scores, size)])

    def score_documents(self, query: str, how: BM25, documents: Ordinals) -> Scores:
        """Return the score of the best window of each document, float64, shape (documents,)."""
        counts = self._windows[documents]
        starts = np.cumsum(counts) - counts
        windows = np.arange(counts.sum()) + np.repeat(
            self.first_windows[documents] - starts, counts
        )
        return self._reduce(self.score_windows(query, how, windows), starts)

    def has_rare_code(self, query: str) -> bool:
        """Tell whether a query has a term that looks like a code and that few windows have."""
        prepared = self._prepare(query)
        return bool(find_rare_codes(prepared.terms, prepared.frequencies).any())

    def score_windows(self, query: str, how: BM25, windows: Ordinals) -> Scores:
        """Return the scores of windows, given by their numbers in all segments, float64."""
        prepared = self._prepare(query)
        if self._is_small:
            return self._score_all(prepared, how)[windows]
        order = np.argsort(windows, kind="stable")
        scores = np.zeros(len(windows))
        scores[order] = self._look_up(prepared, how, windows[order])
        return scores

    def score_texts(self, query: str, texts: Sequence[str], how: BM25) -> Scores:
        """Return the scores that texts would have if they were windows of the index."""
        prepared = self._prepare(query)
        windows = [extract_terms(self._ranker, text, self._settings) for text in texts]
        return self.statistics.score_windows(prepared.terms, prepared.frequencies, windows, how)

    def count_frequencies(self) -> tuple[Keys, Counts]:
        """Return the terms of live windows, by key in ascending order, and their frequencies."""
        live = np.split(self._live_windows, self._edges[1:-1])
        return count_window_frequencies(list(zip(self._segments, live, strict=False)))

    def _reduce(self, scores: Scores, starts: Ordinals) -> Scores:
        """Return the greatest score of the windows of every document, given their starts."""
        several = self._several and len(starts)
        return np.maximum.reduceat(scores, starts) if several else scores

    def _prepare(self, query: str) -> _Query:
        """Return a query with its terms; that of the last search is cached."""
        last = self._last
        if last is not None and last.text == query:
            return last
        terms = Counter(extract_query_terms(self._ranker, query, self._settings))
        keys = hash_terms(terms)
        located = [segment.locate(keys) for segment in self._segments]
        frequencies = self._count_windows(located, len(terms))
        idf = self.statistics.compute_idf_weights(terms, frequencies)
        order = np.argsort(frequencies, kind="stable")
        postings = [(begins[order], ends[order]) for begins, ends in located]
        prepared = _Query(query, terms, frequencies, idf[order], postings)
        self._last = prepared
        return prepared

    def _count_windows(self, postings: Sequence[tuple[Counts, Counts]], terms: int) -> Counts:
        """Return the numbers of live windows that have each term, given by its postings."""
        frequencies = np.zeros(terms, np.int64)
        for segment, first, (begins, ends) in zip(
            self._segments, self._edges, postings, strict=False
        ):
            if self._all_live:
                frequencies += ends - begins
                continue
            live = self._live_windows[first : first + len(segment.lengths)]
            for term, own in enumerate(map(slice, begins.tolist(), ends.tolist())):
                frequencies[term] += np.count_nonzero(live[segment.windows[own]])
        return frequencies

    def _score_all(self, query: _Query, how: BM25) -> Scores:
        """Return the score of every window, cached for the next search; 0 for deleted ones."""
        cached = self._last_scores
        if cached is not None and cached[0] is query and cached[1] == how:
            return cached[2]
        scores = np.zeros(len(self._lengths))
        for first, block in self._score_blocks(query, how, len(query.idf)):
            scores[first : first + len(block)] = block
        scores.flags.writeable = False
        self._last_scores = query, how, scores
        return scores

    def _find_top(
        self, query: _Query, how: BM25, terms: int, size: int, only: Ordinals | None
    ) -> Ordinals:
        """Return the best documents by the first terms, in ascending order, with all ties."""
        documents, found = np.zeros(0, np.int64), np.zeros(0)
        least = np.finfo(np.float64).tiny
        for first, windows in self._score_blocks(query, how, terms):
            start, end = np.searchsorted(self.first_windows, [first, first + len(windows)])
            scores = self._reduce(windows, self.first_windows[start:end] - first)
            own = np.flatnonzero(scores >= least)
            if only is not None:
                own = np.intersect1d(own, only - start, assume_unique=True)
            documents = np.concatenate([documents, own + start])
            found = np.concatenate([found, scores[own]])
            if len(found) >= size:
                top = find_top(found, size)
                documents, found = documents[top], found[top]
                least = found.min()
        return documents

    def _score_blocks(self, query: _Query, how: BM25, terms: int) -> Iterator[tuple[int, Scores]]:
        """Yield the first window and the scores of every block, by the first terms.

        The array of scores is used again for the next block.
        """
        norms = self._compute_norms(how)
        for segment, (start, end), blocks, (begins, ends) in zip(
            self._segments,
            pairwise(self._edges.tolist()),
            self._blocks,
            query.postings,
            strict=True,
        ):
            own = QueryTerms(query.idf[:terms], begins[:terms], ends[:terms])
            for first, scores in score_blocks(segment, own, norms[start:end], blocks):
                first += start
                if not self._all_live:
                    scores[~self._live_windows[first : first + len(scores)]] = 0
                yield first, scores

    def _look_up(self, query: _Query, how: BM25, windows: Ordinals) -> Scores:
        """Return the scores of windows in ascending order, each looked up in the postings."""
        parts = np.split(windows, np.searchsorted(windows, self._edges[1:-1]))
        norms = self._compute_norms(how)
        scores = np.concatenate(
            [
                look_up_scores(segment, QueryTerms(query.idf, *terms), norms[own], own - start)
                for segment, start, own, terms in zip(
                    self._segments, self._edges[:-1], parts, query.postings, strict=True
                )
            ]
        )
        scores[~self._live_windows[windows]] = 0
        return scores

    def _compute_norms(self, how: BM25) -> Scores:
        """Return the length norms of all windows, cached for the next search."""
        cached = self._norms
        if cached is None or cached[0] != how:
            cached = (how, self.statistics.compute_length_norms(self._lengths, how))
            self._norms = cached
        return cached[1]
