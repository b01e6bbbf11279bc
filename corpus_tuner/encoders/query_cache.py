"""Queries encoded once, for systems that are asked the same ones after each other."""

from collections.abc import Sequence

import numpy as np

from corpus_tuner.encoders import QueryEncoder, Vectors


class CachedQueryEncoder:
    """A query encoder that has the vectors of some queries at hand.

    Parameters
    ----------
    encoder
        Encodes them, and all others.
    queries
        What is remembered; encoded when first asked for, so that nothing is where nothing is.
    """

    def __init__(self, encoder: QueryEncoder, queries: Sequence[str]) -> None:
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._queries = list(dict.fromkeys(queries))
        self._known: dict[str, Vectors] = {}

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        if not self._known and self._queries:
            vectors = self._encoder.encode_queries(self._queries)
            self._known = dict(zip(self._queries, vectors, strict=True))
        if texts and all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        return self._encoder.encode_queries(texts)
