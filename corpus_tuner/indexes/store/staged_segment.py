"""What a build staged, as what a segment is made of."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings, write_lexical
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.store.segment_reader import StoredDocument
from corpus_tuner.indexes.store.segment_writer import SegmentRows
from corpus_tuner.indexes.store.staging import Staging

_BLOCK = 16_384  # vectors


class Staged:
    """The documents that are arranged in a staging folder.

    Parameters
    ----------
    staging
        It.
    lexical
        What terms of the documents are indexed, if any.
    """

    def __init__(self, staging: Staging, lexical: LexicalSettings | None) -> None:
        self._staging = staging
        self._lexical = lexical

    def stored(self) -> Iterator[StoredDocument]:
        """Yield the documents, with all that is kept of them."""
        return self._staging.arranged()

    def rows(self, representation: Representation) -> SegmentRows:
        """Return the rows of a representation."""
        name = representation.name
        spans = self._staging.spans(name)
        firsts, counts = spans[:, 0], spans[:, 1]
        starts = np.cumsum(counts) - counts
        order = np.repeat(firsts - starts, counts) + np.arange(counts.sum())
        source = self._staging.vectors(name)

        def blocks() -> Iterator[Vectors]:
            for first in range(0, len(order), _BLOCK):
                yield source[order[first : first + _BLOCK]]

        return SegmentRows(counts, self._staging.row_views(name)[order], blocks())

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        """Write the postings that a lexical ranker needs."""
        assert self._lexical
        write_lexical(self._texts(self._lexical), folder, self._lexical, ranker)

    def _texts(self, lexical: LexicalSettings) -> Iterator[str]:
        for stored in self._staging.arranged():
            yield lexical.text_of(stored.document, stored.views)
