"""BM25, computed from term counts when searching.

A document is scored by its best window (MaxP). A long document has several, which are the passages
that the encoder reads; any other document is one window. Source: Dai and Callan, "Deeper Text
Understanding for IR with Contextual Neural Language Modeling", SIGIR 2019.

A segment stores counts. Window frequencies are summed over all segments when searching, so that
the same documents have the same scores in one segment or in twenty.

The formula is Lucene's. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; its variants: Lù, "BM25S", arXiv 2407.03618. Scores that are computed when
indexing, as bm25s does, contain the statistics of their own segment, and cannot be compared with
those of another one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from corpus_tuner.errors import DAMAGED, SearchIndexError
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.posting_codes import Integers
from corpus_tuner.indexes.lexical.postings import (
    Counts,
    Keys,
    Postings,
    count_window_frequencies,
    hash_terms,
)
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms, is_code
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


class _Search(NamedTuple):
    """A search, with the frequencies of the query's terms and the scores of all windows."""

    query: str
    how: BM25
    counted: Counter[str]
    frequencies: Counts
    scores: Scores


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
        self.first_windows = np.cumsum(windows) - windows
        self._windows = windows
        self._edges = np.cumsum([0, *sizes])
        self._lengths = np.concatenate(
            [np.zeros(0, np.int32), *(one.lengths for one in self._segments)]
        )
        self._set_live_docs(live_docs)

    def _set_live_docs(self, live_docs: npt.NDArray[np.bool_]) -> None:
        self._live_windows = np.repeat(live_docs, self._windows)
        live = int(self._live_windows.sum())
        total = int(self._lengths[self._live_windows].sum(dtype=np.int64))
        self.statistics = CollectionStatistics(live, total / live if total else 1.0)
        self._norms: tuple[BM25, Scores] | None = None
        self._last: _Search | None = None

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
        found = self.score_windows(query, how)
        return np.maximum.reduceat(found, self.first_windows) if self._several else found

    def has_rare_code(self, query: str) -> bool:
        """Tell whether a query has a term that looks like a code and that few windows have."""
        counted = self._count_terms(query)
        return bool(find_rare_codes(counted, self._count_windows(counted)).any())

    def score_windows(self, query: str, how: BM25) -> Scores:
        """Return the score of every window of all segments, float64, shape (windows,).

        Those of the last search are cached: windows of its hits are chosen by them.
        """
        last = self._last
        if last is not None and (last.query, last.how) == (query, how):
            return last.scores
        counted = self._count_terms(query)
        norms = self._compute_norms(how)
        frequencies = np.zeros(len(counted), np.int64)
        # The weights of terms depend on all their postings: what these share is computed before.
        shares = []
        for first, sizes, windows, counts in self._look_up(counted):
            frequencies[first : first + len(sizes)] += sizes
            shares.append((first, sizes, windows, counts / (counts + norms[windows])))
        idf = self.statistics.compute_idf_weights(counted, frequencies)
        scores = np.zeros(len(self._lengths))
        for first, sizes, windows, share in shares:
            weights = np.repeat(idf[first : first + len(sizes)], sizes)
            np.add.at(scores, windows, weights * share)
        scores.flags.writeable = False
        self._last = _Search(query, how, counted, frequencies, scores)
        return scores

    def score_texts(self, query: str, texts: Sequence[str], how: BM25) -> Scores:
        """Return the scores that texts would have if they were windows of the index."""
        counted = self._count_terms(query)
        windows = [extract_terms(self._ranker, text, self._settings) for text in texts]
        return self.statistics.score_windows(counted, self._count_windows(counted), windows, how)

    def count_frequencies(self) -> tuple[Keys, Counts]:
        """Return the terms of live windows, by key in ascending order, and their frequencies."""
        live = np.split(self._live_windows, self._edges[1:-1])
        return count_window_frequencies(list(zip(self._segments, live, strict=False)))

    def _count_terms(self, query: str) -> Counter[str]:
        """Return the terms of a query, known for the last search, and their numbers."""
        last = self._last
        if last is not None and last.query == query:
            return last.counted
        return Counter(extract_query_terms(self._ranker, query, self._settings))

    def _count_windows(self, query: Counter[str]) -> Counts:
        """Return the numbers of live windows that have each term, known for the last search."""
        last = self._last
        if last is not None and (
            last.counted is query or [*last.counted.items()] == [*query.items()]
        ):
            return last.frequencies
        frequencies = np.zeros(len(query), np.int64)
        for first, sizes, _, _ in self._look_up(query):
            frequencies[first : first + len(sizes)] += sizes
        return frequencies

    def _look_up(self, query: Counter[str]) -> Iterator[tuple[int, Integers, Integers, Integers]]:
        """Yield the postings of some terms at a time, in windows of live documents.

        With the position of the first of these terms come their numbers of postings, and the window
        and count of every posting.
        """
        keys = hash_terms(query)
        for segment, before in zip(self._segments, self._edges[:-1], strict=True):
            for first, (sizes, windows, counts) in segment.look_up(keys):
                windows = windows + before
                if self.statistics.windows != len(self._lengths):
                    live = self._live_windows[windows]
                    terms = np.repeat(np.arange(len(sizes)), sizes)[live]
                    sizes = np.bincount(terms, minlength=len(sizes))
                    windows, counts = windows[live], counts[live]
                yield first, sizes, windows, counts

    def _compute_norms(self, how: BM25) -> Scores:
        """Return the length norms of all windows, cached for the next search."""
        cached = self._norms
        if cached is None or cached[0] != how:
            cached = (how, self.statistics.compute_length_norms(self._lengths, how))
            self._norms = cached
        return cached[1]
