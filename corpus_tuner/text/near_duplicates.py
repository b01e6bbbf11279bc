"""Signatures by which near-duplicate texts are recognized: b-bit MinHash.

The similarity of two texts is the Jaccard similarity of their sets of shingles, three neighbouring
words each (Broder, "On the Resemblance and Containment of Documents", 1997). A signature has one
byte for each of 256 minimum hashes; the share of bytes in which two signatures agree estimates the
similarity, with a standard error of at most 0.032 (Li and König, "b-Bit Minwise Hashing", WWW
2010).
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.text.long_runs import SPACELESS

if TYPE_CHECKING:
    from datasketch import MinHash

SIGNATURE_BYTES = 256
"""Length of a signature."""
LEAST_SIMILARITY = 0.85
"""Estimated similarity from which texts are near-duplicates.

A word that differs changes three shingles, so that one word makes two texts of less than some 40
words different. In longer ones a date, a header or a footer may differ.
"""
Signatures = npt.NDArray[np.uint8]
"""Signatures, shape (texts, SIGNATURE_BYTES), or one of them, shape (SIGNATURE_BYTES,)."""

_WORD = re.compile(rf"[^\W{SPACELESS}]+|\w")  # characters of scripts without spaces count as words
_SHINGLE = 3  # words
_AT_ONCE = 4_096  # shingles, so that memory does not grow with the text
_BEGINNING = 64
"""Bytes of a signature that most other texts are ruled out by."""
_POSSIBLE = 0.6
"""Share of these bytes that agree in near-duplicates, but for one pair in a million."""
_PAIRS_AT_ONCE = 100_000  # so that memory does not grow with the number of texts
_MIX = np.uint32(0x9E3779B1)


def compute_signature(text: str) -> Signatures:
    """Return the signature of a text; case, white space and punctuation do not change it.

    Returns
    -------
    numpy.ndarray
        MinHash of the shingles, uint8, shape (`SIGNATURE_BYTES`,).

    Examples
    --------
    >>> one = compute_signature("The old mill grinds wheat.")
    >>> other = compute_signature("the OLD mill - grinds wheat")
    >>> one.shape, bool((one == other).all())
    ((256,), True)
    """
    hashes = _create_minhash().copy()
    for some in split_into_chunks(_iter_shingles(text), _AT_ONCE):
        hashes.update_batch(some)
    # The permutations are affine modulo a power of two, so that the lowest bits of two hashes that
    # agree once agree always. The highest ones of a product with an odd number depend on all bits.
    mixed: Signatures = (hashes.hashvalues * _MIX >> np.uint32(24)).astype(np.uint8)
    return mixed


def find_near_duplicates(texts: Signatures, others: Signatures) -> npt.NDArray[np.bool_]:
    """Tell which texts are near-duplicates of which others.

    Parameters
    ----------
    texts, others
        Signatures, shapes (texts, `SIGNATURE_BYTES`) and (others, `SIGNATURE_BYTES`).

    Returns
    -------
    numpy.ndarray
        Whether the estimated similarity is at least `LEAST_SIMILARITY`, bool, shape (texts,
        others).

    Examples
    --------
    >>> texts = "The old mill.", "the old  mill", "Bread"
    >>> signatures = np.stack([compute_signature(text) for text in texts])
    >>> find_near_duplicates(signatures[:1], signatures).tolist()
    [[True, True, False]]
    """
    near = np.zeros((len(texts), len(others)), bool)
    step = 1 + _PAIRS_AT_ONCE // (1 + len(others))
    for start in range(0, len(texts), step):
        some = texts[start : start + step]
        equal = some[:, np.newaxis, :_BEGINNING] == others[np.newaxis, :, :_BEGINNING]
        # Eight bytes are added at once, and then those of the sum, by a product.
        sums = equal.view(np.uint64).sum(axis=2) * np.uint64(0x0101010101010101) >> np.uint64(56)
        near[start : start + step] = sums >= _POSSIBLE * _BEGINNING
    rows, columns = np.nonzero(near)
    agreeing = np.count_nonzero(texts[rows] == others[columns], axis=1)
    near[rows, columns] = agreeing >= LEAST_SIMILARITY * SIGNATURE_BYTES
    return near


@lru_cache(1)
def _create_minhash() -> "MinHash":
    from datasketch import MinHash

    return MinHash(SIGNATURE_BYTES, seed=1, hashfunc=zlib.crc32, scheme="affine32")


def _iter_shingles(text: str) -> Iterator[bytes]:
    """Yield the shingles of a text; its first and last word are in as many as any other."""
    words: list[str] = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    padding = [""] * (_SHINGLE - 1)
    padded = [*padding, *(words or text.split()), *padding]
    for shingle in zip(*(padded[start:] for start in range(_SHINGLE)), strict=False):
        yield " ".join(shingle).encode("utf-8", "surrogatepass")
