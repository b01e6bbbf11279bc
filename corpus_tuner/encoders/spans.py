"""Late chunking: vectors of parts of a text, pooled from the token states of the whole text.

If the vector of a text is the mean of its token states, the vector of a span is the mean of the
states of its tokens, which depend on the context of the span. Source: Günther et al., "Late
Chunking", arXiv 2409.04701.
"""

from collections.abc import Sequence

import numpy as np

from corpus_tuner.encoders.encoder import Span, Vectors


def pool_spans(
    states: Vectors, offsets: Sequence[Span], spans: Sequence[Span], shift: int = 0
) -> Vectors:
    """Return the mean state of the tokens in every span.

    A token is in a span if they share a character. A span without a token (white space, or text
    beyond the limit of the encoder) has the mean of the whole text.

    Parameters
    ----------
    states
        Token states, float32, shape (tokens, dimension), special tokens included.
    offsets
        Span of each token; empty for special tokens.
    spans
        Spans of the text.
    shift
        Number of characters before the text, such as those of a prompt.

    Returns
    -------
    float32, shape (spans, dimension), not normalized.

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
        first = np.searchsorted(ends, start + shift, "right")
        after = np.searchsorted(starts, end + shift)
        tokens = states[first:after]
        pooled[row] = (tokens if len(tokens) else states).mean(axis=0)
    return pooled
