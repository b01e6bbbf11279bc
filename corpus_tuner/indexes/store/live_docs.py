"""LiveDocs bitmaps: which documents of a segment are still there.

A segment is never changed. What is removed from it stays in its files, and is hidden by a bitmap
that is named by the generation which hid it; the manifest names the bitmap in force. Merging leaves
out what is hidden.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.arrays import load_array, write_array
from corpus_tuner.core.files import write_atomically
from corpus_tuner.errors import DAMAGED, SearchIndexError

LiveDocs = npt.NDArray[np.bool_]
"""Which documents are still there, shape (documents,)."""


def write_bitmap(file: Path, live_docs: LiveDocs) -> None:
    """Write a bitmap: uint8, eight documents a byte, the first one in the lowest bit."""
    bits = np.packbits(live_docs, bitorder="little")
    with write_atomically(file) as opened:
        write_array(opened, bits)


def read_bitmap(file: Path, documents: int) -> LiveDocs:
    """Read the bitmap of a segment of so many documents.

    Raises
    ------
    SearchIndexError
        If it cannot be read or is that of another number of documents.
    """
    bits = load_array(file, np.uint8)
    if len(bits) != -(-documents // 8):
        raise SearchIndexError(f"{file} is no bitmap of {documents} documents: {DAMAGED}")
    return np.unpackbits(bits, count=documents, bitorder="little").astype(bool)
