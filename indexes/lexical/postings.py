"""Postings of one segment: which documents have a term, how often, and how long documents are.

Counts are kept, not scores: what a term is worth is a property of the whole corpus. A term is known
by 64 bits of its BLAKE2b, so nothing is read when an index is opened, however many terms there are;
that two of a million terms have the same bits happens once in 30 million indexes.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.chunks import chunks
from corpus_tuner.indexes.errors import SearchIndexError

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_FILES = ("keys", "starts", "documents", "counts", "lengths")
_AT_ONCE = 1_000  # documents
_POSTING = np.dtype([("key", np.uint64), ("document", np.int32), ("count", np.int32)])


def keys_of(terms: Iterable[str]) -> Keys:
    """Return what terms are known by, shape (terms,)."""
    return np.fromiter((_key(term) for term in terms), np.uint64)


def write_postings(documents: Iterable[Sequence[str]], folder: Path, name: str) -> None:
    """Write the postings of documents, given by their terms.

    Memory holds what is known of every term, and the postings of a thousand documents. The files
    are ``NAME.keys.npy``, uint64 in ascending order, shape (terms,); ``NAME.starts.npy``, int64,
    where the postings of every term begin, and the end; ``NAME.documents.npy``, int32, and
    ``NAME.counts.npy``, the document and the count of every posting; and ``NAME.lengths.npy``,
    int32, how many terms every document has.
    """
    keys, totals = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    lengths: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    most, first = 0, 0
    with tempfile.TemporaryFile(dir=folder) as spilled:
        for chunk in chunks(documents, _AT_ONCE):
            postings = _postings_of(chunk, first)
            first += len(chunk)
            spilled.write(postings.tobytes())
            lengths.append(np.array([len(terms) for terms in chunk], np.int32))
            most = max(most, int(postings["count"].max(initial=0)))
            keys, totals = _with(keys, totals, postings["key"])
        starts = np.concatenate([[0], np.cumsum(totals)]).astype(np.int64)
        files = {what: folder / f"{name}.{what}.npy" for what in _FILES}
        for what, values in (
            ("keys", keys),
            ("starts", starts),
            ("lengths", np.concatenate(lengths)),
        ):
            np.save(files[what], values, allow_pickle=False)
        total = int(starts[-1])
        inverted = _new(files["documents"], np.dtype(np.int32), total)
        counts = _new(files["counts"], np.min_scalar_type(most), total)
        free = starts[:-1].copy()  # where the next posting of every term goes
        spilled.seek(0)
        while block := spilled.read(_POSTING.itemsize * 2**20):
            postings = np.frombuffer(block, _POSTING)
            order = np.argsort(postings["key"], kind="stable")
            terms = np.searchsorted(keys, postings["key"][order])
            new, at, sizes = np.unique(terms, return_index=True, return_counts=True)
            places = free[terms] + np.arange(len(terms)) - np.repeat(at, sizes)
            inverted[places] = postings["document"][order]
            counts[places] = postings["count"][order]
            free[new] += sizes


class Postings:
    """The postings of one segment, mapped into memory; safe to use from several threads.

    Parameters
    ----------
    folder, name
        As `write_postings` took them.

    Attributes
    ----------
    lengths
        How many terms every document has, int32, shape (documents,).

    Raises
    ------
    SearchIndexError
        If its files cannot be read or do not fit each other.
    """

    def __init__(self, folder: Path, name: str) -> None:
        try:
            self._keys, self._starts, self._documents, self._counts, lengths = (
                np.asarray(np.load(folder / f"{name}.{what}.npy", "r")) for what in _FILES
            )
        except (OSError, ValueError, TypeError) as error:
            raise SearchIndexError(f"the {name} in {folder} are damaged: {error}") from error
        self.lengths: npt.NDArray[np.int32] = lengths
        total = self._starts[-1:].tolist()
        fits = self._starts.shape == (len(self._keys) + 1,) and total == [len(self._documents)]
        if not fits or len(self._documents) != len(self._counts):
            raise SearchIndexError(f"the {name} in {folder} do not fit each other")

    def frequencies(self, keys: Keys) -> Counts:
        """Return how many documents have every one of some terms, shape (terms,)."""
        begins, ends = self._ranges(keys)
        return ends - begins

    def of(self, keys: Keys) -> tuple[Counts, Counts, npt.NDArray[np.float64]]:
        """Return the postings of some terms, one term after the other.

        Returns
        -------
        terms, documents, counts
            The position of its term in `keys`, its document and its count; of shape (postings,).
        """
        begins, ends = self._ranges(keys)
        sizes = ends - begins
        documents = [self._documents[start:end] for start, end in zip(begins, ends, strict=True)]
        counts = [self._counts[start:end] for start, end in zip(begins, ends, strict=True)]
        terms = np.repeat(np.arange(len(keys)), sizes)
        if not len(terms):
            return terms, terms, terms.astype(np.float64)
        return terms, np.concatenate(documents), np.concatenate(counts).astype(np.float64)

    def _ranges(self, keys: Keys) -> tuple[Counts, Counts]:
        """Return where the postings of some terms begin and end."""
        if not len(self._keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        terms = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        begins = np.asarray(self._starts[terms])
        return begins, np.where(self._keys[terms] == keys, self._starts[terms + 1], begins)


@lru_cache(maxsize=2**18)
def _key(term: str) -> int:
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _postings_of(documents: Sequence[Sequence[str]], first: int) -> npt.NDArray[Any]:
    """Return the postings of some documents, the first of which has this ordinal."""
    counted = [Counter(terms) for terms in documents]
    sizes = [len(counts) for counts in counted]
    postings = np.zeros(sum(sizes), _POSTING)
    postings["key"] = keys_of(term for counts in counted for term in counts)
    postings["document"] = np.repeat(np.arange(first, first + len(documents)), sizes)
    postings["count"] = np.fromiter(
        (count for counts in counted for count in counts.values()), np.int32
    )
    return postings


def _with(keys: Keys, totals: Counts, more: Keys) -> tuple[Keys, Counts]:
    """Return all terms in ascending order, and how many postings each has, with those of `more`."""
    new, sizes = np.unique(more, return_counts=True)
    every = np.union1d(keys, new)
    sums = np.zeros(len(every), np.int64)
    sums[np.searchsorted(every, keys)] += totals
    sums[np.searchsorted(every, new)] += sizes
    return every, sums


def _new(file: Path, dtype: np.dtype[Any], length: int) -> npt.NDArray[Any]:
    """Make an array that lies in a file."""
    if length:
        return np.lib.format.open_memmap(file, "w+", dtype, (length,))
    np.save(file, np.zeros(0, dtype), allow_pickle=False)
    return np.zeros(0, dtype)
