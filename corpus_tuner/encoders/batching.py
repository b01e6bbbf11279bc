"""Batches of texts by their lengths in tokens."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

_Length = TypeVar("_Length", bound=Hashable)


def batch_equal_lengths(lengths: Sequence[_Length], size: int) -> Iterator[list[int]]:
    """Yield batches of at most `size` as positions in `lengths`, those of one length together.

    Padding costs time, and in int8 it moves a vector by a hundredth; without it, a row
    does not depend on the others.

    Examples
    --------
    >>> list(batch_equal_lengths([2, 5, 2, 2], 2))
    [[0, 2], [3], [1]]
    """
    alike: dict[_Length, list[int]] = defaultdict(list)
    for position, length in enumerate(lengths):
        alike[length].append(position)
    for positions in alike.values():
        yield from _cut(positions, size)


def batch_by_tokens(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Yield batches of one length, filled with so many tokens, the longest texts first.

    A text of some 200 tokens fills a processor by itself, so batches need not be large.

    Parameters
    ----------
    lengths
        Of the texts, in tokens.
    tokens
        At most so many in a batch; a longer text is a batch by itself.

    Examples
    --------
    >>> list(batch_by_tokens([2, 5, 2, 2], tokens=4))
    [[1], [0, 2], [3]]
    """
    longest_first = sorted(
        batch_equal_lengths(lengths, len(lengths)), key=lambda one: -lengths[one[0]]
    )
    for positions in longest_first:
        yield from _cut(positions, max(1, tokens // max(1, lengths[positions[0]])))


def batch_similar_lengths(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield batches of `size` as positions in `lengths`, the longest first: little is padded.

    Examples
    --------
    >>> list(batch_similar_lengths([1, 5, 3], 2))
    [[1, 2], [0]]
    """
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    return _cut(order, size)


def _cut(positions: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(positions), size):
        yield list(positions[start : start + size])
