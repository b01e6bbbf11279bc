"""BM25 scores of the windows of one segment, from the postings of a query's terms.

All postings are read, a block of windows after the other, or some windows are looked up in them.
Either way a score is the sum over the terms in the same order, and has the same last digit.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from corpus_tuner.indexes.lexical.postings import Counts, Postings
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.vectors import Ordinals

_AT_ONCE = 2**16  # postings that are scored at once, so that they fit into a processor's cache


class QueryTerms(NamedTuple):
    """Terms of a query in one segment.

    Attributes
    ----------
    idf
        Weights of the terms, shape (terms,).
    begins, ends
        Where the postings of the terms begin and end, shape (terms,).
    """

    idf: Scores
    begins: Counts
    ends: Counts

    @property
    def spans(self) -> list[slice]:
        """Postings of each term."""
        return [*map(slice, self.begins.tolist(), self.ends.tolist())]

    def split(self, postings: Postings, edges: Ordinals) -> Iterator["QueryTerms"]:
        """Yield the terms in the windows between every two neighbouring edges.

        The first edge is the first window of the segment, the last its number of windows.
        """
        inner = edges[1:-1].astype(postings.windows.dtype)
        spans = self.spans if len(inner) else []
        found = [postings.windows[span].searchsorted(inner) for span in spans]
        inside = np.array(found, np.int64).reshape(len(self.idf), len(inner))
        bounds = [self.begins, *(self.begins + column for column in inside.T), self.ends]
        for begins, ends in pairwise(bounds):
            yield QueryTerms(self.idf, begins, ends)


def score_blocks(
    postings: Postings, terms: QueryTerms, norms: Scores, edges: Ordinals
) -> Iterator[tuple[int, Scores]]:
    """Yield the scores of the windows between every two edges, with the first of these windows.

    The array of scores is used again for the next block.

    Parameters
    ----------
    postings, terms
        Postings of the segment, and the terms of the query in it.
    norms
        Length norms of all windows of the segment, float64, shape (windows,).
    edges
        First windows of the blocks, and the number of windows.
    """
    buffer = np.zeros(int(np.diff(edges).max(initial=0)))
    blocks = zip(pairwise(edges.tolist()), terms.split(postings, edges), strict=True)
    for (first, end), (idf, begins, ends) in blocks:
        scores = buffer[: end - first]
        scores.fill(0)
        own = norms[first:end]
        parts = np.cumsum(ends - begins) // _AT_ONCE
        parts = np.flatnonzero(parts[1:] > parts[:-1]) + 1
        for start, stop in pairwise([0, *parts.tolist(), len(idf)]):
            found = postings.read(begins[start:stop], ends[start:stop], first, end)
            counts = found.counts.astype(np.float64)
            shares = own[found.windows]
            shares += counts
            np.divide(counts, shares, out=shares)
            shares *= np.repeat(idf[start:stop], found.sizes)
            np.add.at(scores, found.windows, shares)
        yield first, scores


def look_up_scores(
    postings: Postings, terms: QueryTerms, norms: Scores, windows: Ordinals
) -> Scores:
    """Return the scores of windows in ascending order; `norms` are the length norms of these."""
    scores = np.zeros(len(windows))
    own = windows.astype(postings.windows.dtype)
    for idf, span in zip(terms.idf.tolist(), terms.spans, strict=True):
        having = postings.windows[span]
        if not len(having):
            continue
        at = np.minimum(having.searchsorted(own), len(having) - 1)
        found = np.flatnonzero(having[at] == own)
        counts = postings.counts[span][at[found]]
        scores[found] += idf * (counts / (counts + norms[found]))
    return scores
