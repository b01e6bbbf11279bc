"""Vectors of parts of a text, from the reading of the whole text.

A transformer whose vector is the mean of its token states gives a vector of any span for nothing:
the mean of the states of the span's tokens. It knows the words around the span as well. Source:
Günther et al., "Late Chunking", arXiv 2409.04701.
"""

from collections.abc import Sequence

import numpy as np

from corpus_tuner.encoders import Span, Vectors


def pool_spans(states: Vectors, offsets: Sequence[Span], spans: Sequence[Span]) -> Vectors:
    """Return the mean state of the tokens in every span.

    A token is in a span if they share a character. A span without a token (white space, or what
    lies behind the encoder's limit) has the mean of the whole text.

    Parameters
    ----------
    states
        float32, shape (tokens, dimension), marks included.
    offsets
        For every token its first character and the one behind its last; equal for marks.
    spans
        In the same characters.

    Returns
    -------
    float32, shape (spans, dimension), of any length.

    Examples
    --------
    >>> states = np.array([[9, 9], [1, 0], [0, 1]], np.float32)
    >>> pool_spans(states, [(0, 0), (0, 3), (4, 8)], [(4, 8), (0, 8)]).tolist()
    [[0.0, 1.0], [0.5, 0.5]]
    """
    starts, ends = np.array(offsets, np.int64).reshape(-1, 2).T
    real = np.flatnonzero(ends > starts)
    starts, ends, states = starts[real], ends[real], states[real] if len(real) else states
    pooled = np.empty((len(spans), states.shape[1]), np.float32)
    for row, (start, end) in enumerate(spans):
        first, behind = np.searchsorted(ends, start, "right"), np.searchsorted(starts, end)
        tokens = states[first:behind]
        pooled[row] = (tokens if len(tokens) else states).mean(axis=0)
    return pooled


def shift_spans(spans: Sequence[Span], by: int) -> list[Span]:
    """Return spans so many characters further on, as behind a prompt."""
    return [(start + by, end + by) for start, end in spans]
