"""Cache of query vectors, for systems that search the same queries one after the other."""

from collections.abc import Sequence

import numpy as np

from corpus_tuner.encoders.encoder import QueryEncoder, Vectors


class CachedQueryEncoder:
    """Query encoder with a cache of the vectors of some queries.

    They are encoded together when the first query is.
    """

    def __init__(self, encoder: QueryEncoder, queries: Sequence[str]) -> None:
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._queries = list(dict.fromkeys(queries))
        self._cached: dict[str, Vectors] = {}

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        if not self._cached and self._queries:
            vectors = self._encoder.encode_queries(self._queries)
            self._cached = dict(zip(self._queries, vectors, strict=True))
        if texts and all(text in self._cached for text in texts):
            return np.stack([self._cached[text] for text in texts])
        return self._encoder.encode_queries(texts)
