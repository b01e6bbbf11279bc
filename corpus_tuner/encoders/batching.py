"""Batches of texts by their lengths in tokens."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

_Length = TypeVar("_Length", bound=Hashable)


def batch_equal_lengths(lengths: Sequence[_Length], size: int) -> Iterator[list[int]]:
    """Yield batches of positions in `lengths`, at most `size` of the same length in each.

    Padding takes time, and in int8 it changes a vector by a hundredth; without it, a row does not
    depend on the others.

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
    """Yield batches of positions of one length, with at most `tokens` tokens, longest texts first.

    A longer text is a batch. A single text of some 200 tokens occupies a processor, so that batches
    need not be large.

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
    """Yield batches of `size` positions in `lengths`, longest first, so that padding is short.

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
