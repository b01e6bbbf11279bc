"""Postings as bytes: gaps between windows, with small counts, as variable-length integers.

A posting is one number: four times the gap to the window of the posting before of its term, plus
its count less 1. Where the count is 4 or more that is 3, and four times the rest of the count is
the next number. Bytes have seven bits of a number, the lowest first, and the highest bit is set in
all but the last of a number (LEB128). Most postings take one byte. Source of coding gaps: Zobel and
Moffat, "Inverted Files for Text Search Engines", ACM Computing Surveys 2006.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.integer]

MOST_WINDOWS = 2**29
"""Number of windows that a segment may have, so that numbers have 32 bits."""
_MOST_BYTES = 5  # of a number
_REST = 3
"""Stands for a count that is greater than this; the rest of it follows."""


class DecodedPostings(NamedTuple):
    """Postings of some terms, one term after the other.

    Attributes
    ----------
    sizes
        Number of postings of every term, shape (terms,).
    windows, counts
        Window and count of every posting, shape (postings,).
    """

    sizes: Integers
    windows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int32]


def encode_postings(
    windows: Integers, counts: Integers, before: Integers
) -> tuple[Codes, Integers]:
    """Return the codes of postings, and the number of bytes of every posting.

    Parameters
    ----------
    windows, counts, before
        Window and count of every posting, and the window of the posting before of its term, -1
        where it is the first; shape (postings,).

    Examples
    --------
    >>> codes, sizes = encode_postings(np.array([2, 900]), np.array([1, 9]), np.array([-1, 2]))
    >>> codes.tolist(), sizes.tolist()
    ([8, 135, 28, 20], [1, 3])
    """
    first = 4 * (windows.astype(np.int64) - before - 1) + np.minimum(counts - 1, _REST)
    has_rest = counts > _REST
    where = np.flatnonzero(has_rest)
    numbers = np.insert(first, where + 1, 4 * (counts[where] - 1 - _REST))
    sizes = np.ones(len(numbers), np.int64)
    for step in range(1, _MOST_BYTES):
        sizes += numbers >= 1 << 7 * step
    starts = np.cumsum(sizes) - sizes
    codes = np.zeros(int(sizes.sum()), np.uint8)
    for step in range(_MOST_BYTES):
        own = np.flatnonzero(sizes > step)
        continued = np.where(sizes[own] > step + 1, 128, 0)
        codes[starts[own] + step] = numbers[own] >> 7 * step & 127 | continued
    of_postings = np.arange(len(windows)) + np.cumsum(has_rest) - has_rest
    return codes, np.add.reduceat(sizes, of_postings) if len(windows) else sizes


def decode_postings(codes: Codes, sizes: Integers) -> DecodedPostings:
    """Return the postings of terms, given by their codes and the number of bytes of each term.

    Raises
    ------
    ValueError
        If these are no postings.

    Examples
    --------
    >>> decode_postings(np.array([8, 135, 28, 20], np.uint8), np.array([4])).windows.tolist()
    [2, 900]
    """
    if not len(codes):
        nothing = np.zeros(0, np.int32)
        return DecodedPostings(np.zeros(len(sizes), np.int64), nothing, nothing)
    continued = np.flatnonzero(codes > 127)
    numbers = _join_bytes(codes, continued)
    edges = np.concatenate([[0], np.cumsum(sizes)])
    edges -= np.searchsorted(continued, edges)
    rests = np.flatnonzero(numbers & _REST == _REST) + 1
    if len(rests) and rests[-1] == len(numbers):
        raise ValueError("the last posting has no count")
    edges -= np.searchsorted(rests, edges)
    is_posting = np.ones(len(numbers), bool)
    is_posting[rests] = False
    postings = numbers[np.flatnonzero(is_posting)]
    counts = (postings & _REST) + 1
    counts[rests - np.arange(1, len(rests) + 1)] += numbers[rests] >> 2
    totals = np.cumsum((postings >> 2) + 1, dtype=np.int32)
    per_term = np.diff(edges)
    before = np.concatenate([[np.int32(1)], totals + 1])[edges[:-1]]
    return DecodedPostings(per_term, totals - np.repeat(before, per_term), counts)


def _join_bytes(codes: Codes, continued: Integers) -> npt.NDArray[np.int32]:
    """Return the numbers of codes; the bytes at `continued` have the lower bits of one."""
    numbers = codes[codes < 128].astype(np.int32)
    if not len(continued):
        return numbers
    owners = continued - np.arange(len(continued))
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    lengths = np.diff(firsts, append=len(owners))
    if lengths.max() >= _MOST_BYTES or owners[-1] == len(numbers):
        raise ValueError("postings are no numbers")
    numbers[owners[firsts]] <<= 7 * lengths
    steps = np.arange(len(owners)) - np.repeat(firsts, lengths)
    np.add.at(numbers, owners, (codes[continued] & 127).astype(np.int32) << 7 * steps)
    return numbers
