"""Postings of one segment: which windows have a term, how often, and how long windows are.

A long document has several windows, any other document is one window.

Counts are stored, not scores, which depend on the whole corpus. A term is known
by 64 bits of its BLAKE2b, so nothing is read when an index is opened, however many terms there are;
that two of a million terms have the same bits happens once in 30 million indexes.
"""

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import load_array, save_array, write_header
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.errors import DAMAGED, DamagedError
from corpus_tuner.indexes.lexical.words import DocumentTerms

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_FILES: dict[str, tuple[type[np.generic], ...]] = {
    "keys": (np.uint64,),
    "starts": (np.uint8, np.uint16, np.uint32, np.uint64),
    "windows": (np.uint8, np.uint16, np.uint32),
    "counts": (np.uint8, np.uint16, np.uint32),
    "lengths": (np.int32,),
}
_AT_ONCE = 1_000  # windows
_BLOCK = 2**20  # postings
_POSTING = np.dtype([("key", np.uint64), ("window", np.int32), ("count", np.int32)])


def hash_terms(terms: Iterable[str]) -> Keys:
    """Return what terms are known by, shape (terms,)."""
    return np.fromiter((_hash_term(term) for term in terms), np.uint64)


def write_postings(windows: Iterable[DocumentTerms], folder: Path, name: str) -> None:
    """Write the postings of windows, given by their terms.

    Memory use is that of the term table and the postings of a thousand windows. The files
    are ``NAME.keys.npy``, uint64 in ascending order, shape (terms,); ``NAME.windows.npy`` and
    ``NAME.counts.npy``, window and count of every posting, term by term and in the order of
    windows; ``NAME.starts.npy``, where the postings of every term begin, and the end; and
    ``NAME.lengths.npy``, int32, the length of every window. Windows, counts and starts have the
    least unsigned type.
    """
    terms = _TermTable()
    lengths: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    first = 0
    with tempfile.TemporaryFile(dir=folder) as spilled:
        for chunk in split_into_chunks(windows, _AT_ONCE):
            postings = _make_postings(chunk, first)
            first += len(chunk)
            spilled.write(postings.tobytes())
            lengths.append(np.array([window.length for window in chunk], np.int32))
            terms.add(postings)
        spilled.seek(0)
        blocks = iter(lambda: spilled.read(_POSTING.itemsize * _BLOCK), b"")
        postings_of_all = (np.frombuffer(block, _POSTING) for block in blocks)
        _write(folder, name, np.concatenate(lengths), terms, postings_of_all)


def merge_postings(
    segments: Sequence[tuple["Postings", npt.NDArray[np.bool_]]], folder: Path, name: str
) -> None:
    """Write the postings of the live windows of several segments as those of one."""
    firsts = np.cumsum([0, *(int(live.sum()) for _, live in segments)]).tolist()

    def blocks() -> Iterator[npt.NDArray[Any]]:
        for (postings, live), first in zip(segments, firsts, strict=False):
            ordinals = np.cumsum(live) - 1 + first
            for block in postings.read_blocks():
                own = block[live[block["window"]]]
                own["window"] = ordinals[own["window"]]
                yield own

    terms = _TermTable()
    for block in blocks():
        terms.add(block)
    lengths = np.concatenate([postings.lengths[live] for postings, live in segments])
    _write(folder, name, lengths, terms, blocks())


def count_window_frequencies(
    segments: Sequence[tuple["Postings", npt.NDArray[np.bool_]]],
) -> tuple[Keys, Counts]:
    """Return the terms of several segments, in ascending order, and how many windows have each.

    A segment is given by its postings and its live windows.
    """
    terms = _TermTable()
    for postings, live in segments:
        for block in postings.read_blocks():
            terms.add(block[live[block["window"]]])
    return terms.keys, terms.totals


class TermPostings(NamedTuple):
    """Postings of some terms, one term after the other.

    Attributes
    ----------
    sizes
        Number of postings of every term, shape (terms,).
    windows, counts
        Window and count of every posting, shape (postings,).
    """

    sizes: Counts
    windows: Counts
    counts: npt.NDArray[np.unsignedinteger]


class Postings:
    """The postings of one segment, mapped into memory; safe to use from several threads.

    Parameters
    ----------
    folder, name
        As `write_postings` took them.

    Attributes
    ----------
    windows, counts
        Window and count of every posting, by term and then by window, shape (postings,).
    lengths
        Length of every window in terms, int32, shape (windows,).

    Raises
    ------
    SearchIndexError
        If its files cannot be read or do not fit each other.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._keys, self._starts, self.windows, self.counts, self.lengths = (
            load_array(folder / f"{name}.{what}.npy", *dtypes) for what, dtypes in _FILES.items()
        )
        self._what = f"{name} in {folder}"
        total = len(self.windows)
        if (
            self._starts.shape != (len(self._keys) + 1,)
            or self._starts[-1:].tolist() != [total]
            or len(self.counts) != total
        ):
            raise DamagedError(f"the {self._what} do not fit each other: {DAMAGED}")

    def read_blocks(self) -> Iterator[npt.NDArray[Any]]:
        """Yield all postings, by term and then by window: their keys, windows and counts."""
        first = 0
        while first < len(self._keys):
            most = int(self._starts[first]) + _BLOCK
            end = max(first + 1, int(np.searchsorted(self._starts, most, side="right")) - 1)
            begins = self._starts[first : end + 1].astype(np.int64)
            found = self.read(begins[:-1], begins[1:])
            postings = np.zeros(len(found.windows), _POSTING)
            postings["key"] = np.repeat(self._keys[first:end], found.sizes)
            postings["window"], postings["count"] = found.windows, found.counts
            yield postings
            first = end

    def locate(self, keys: Keys) -> tuple[Counts, Counts]:
        """Return where the postings of terms begin and end, equal for terms that are not there."""
        begins = ends = np.zeros(len(keys), np.int64)
        if len(self._keys):
            nearest = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            begins = self._starts[nearest].astype(np.int64)
            after = self._starts[nearest + 1].astype(np.int64)
            ends = np.where(self._keys[nearest] == keys, after, begins)
        if (begins > ends).any() or (ends > len(self.windows)).any():
            raise DamagedError(f"the {self._what} are damaged (no such postings): {DAMAGED}")
        return begins, ends

    def read(
        self, begins: Counts, ends: Counts, first: int = 0, end: int | None = None
    ) -> TermPostings:
        """Return the postings of terms, given by where those of each begin and end.

        They are of windows from `first` to `end`, by default of any, and windows are counted from
        the first of these.
        """
        slices = [*map(slice, begins.tolist(), ends.tolist())]
        windows = np.concatenate([np.zeros(0, np.uint8), *(self.windows[own] for own in slices)])
        counts = np.concatenate([np.zeros(0, np.uint8), *(self.counts[own] for own in slices)])
        numbers = windows.astype(np.int64)
        numbers -= first
        total = (len(self.lengths) if end is None else end) - first
        if (numbers.view(np.uint64) >= total).any():  # a negative number is a great one
            raise DamagedError(f"the {self._what} are damaged (no such windows): {DAMAGED}")
        return TermPostings(ends - begins, numbers, counts)


@lru_cache(maxsize=2**18)
def _hash_term(term: str) -> int:
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _make_postings(windows: Sequence[DocumentTerms], first: int) -> npt.NDArray[Any]:
    """Return the postings of some windows, the first of which has this ordinal."""
    counted = [Counter(window.terms) for window in windows]
    sizes = [len(counts) for counts in counted]
    postings = np.zeros(sum(sizes), _POSTING)
    postings["key"] = hash_terms(term for counts in counted for term in counts)
    postings["window"] = np.repeat(np.arange(first, first + len(windows)), sizes)
    postings["count"] = np.fromiter(
        (count for counts in counted for count in counts.values()), np.int32
    )
    return postings


class _TermTable:
    """Terms in ascending order, how many postings each has, and the greatest count of all."""

    def __init__(self) -> None:
        self.keys, self.totals = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        self.most = 0

    def add(self, postings: npt.NDArray[Any]) -> None:
        """Count some postings."""
        self.most = max(self.most, int(postings["count"].max(initial=0)))
        new, sizes = np.unique(postings["key"], return_counts=True)
        every = np.union1d(self.keys, new)
        sums = np.zeros(len(every), np.int64)
        sums[np.searchsorted(every, self.keys)] += self.totals
        sums[np.searchsorted(every, new)] += sizes
        self.keys, self.totals = every, sums


def _write(
    folder: Path,
    name: str,
    lengths: npt.NDArray[np.int32],
    terms: _TermTable,
    blocks: Iterable[npt.NDArray[Any]],
) -> None:
    """Write the files; the postings of a term come in the order of windows."""
    starts = np.concatenate([[0], np.cumsum(terms.totals)]).astype(np.int64)
    free = starts[:-1].copy()  # where the next posting of every term goes
    total = int(starts[-1])
    last = np.min_scalar_type(max(len(lengths) - 1, 0))
    with (
        _create_array(folder / f"{name}.windows.npy", last, total) as windows,
        _create_array(
            folder / f"{name}.counts.npy", np.min_scalar_type(terms.most), total
        ) as counts,
    ):
        for postings in blocks:
            order = np.argsort(postings["key"], kind="stable")
            numbers = np.searchsorted(terms.keys, postings["key"][order])
            new, at, sizes = np.unique(numbers, return_index=True, return_counts=True)
            places = free[numbers] + np.arange(len(numbers)) - np.repeat(at, sizes)
            windows[places] = postings["window"][order]
            counts[places] = postings["count"][order]
            free[new] += sizes
    starts = starts.astype(np.min_scalar_type(total))
    for what, values in (("keys", terms.keys), ("starts", starts), ("lengths", lengths)):
        save_array(folder / f"{name}.{what}.npy", values)


@contextmanager
def _create_array(file: Path, dtype: np.dtype[Any], length: int) -> Iterator[npt.NDArray[Any]]:
    """Create a ``.npy`` file, and map it into memory while it is written."""
    with file.open("wb+") as opened:
        write_header(opened, dtype.type, length)
        opened.flush()
        begin, size = opened.tell(), dtype.itemsize * length
        if not size:
            yield np.zeros(0, dtype)
            return
        # Blocks are allocated before they are written to: what is mapped into memory and has no
        # room on the disk would end the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(opened.fileno(), begin, size)
        mapped = np.memmap(opened, dtype, "r+", begin, (length,))
        yield mapped
        mapped.flush()
