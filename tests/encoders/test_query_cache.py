"""Only what is to be remembered is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from corpus_tuner.encoders import Vectors
from corpus_tuner.encoders.query_cache import CachedQueryEncoder


def test_known_queries_are_encoded_once(encoder: Any) -> None:
    asked: list[list[str]] = []

    class Spy:
        name, fingerprint, dimension = encoder.name, encoder.fingerprint, encoder.dimension

        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            asked.append(list(texts))
            vectors: Vectors = encoder.encode_queries(texts)
            return vectors

    queries = CachedQueryEncoder(Spy(), ["mill", "river", "mill"])
    assert asked == []  # nothing is encoded where nothing is searched
    found = queries.encode_queries(["river", "mill"])
    assert np.array_equal(queries.encode_queries(["mill"])[0], found[1])
    assert asked == [["mill", "river"]]
    queries.encode_queries(["river", "rent"])
    assert asked[1:] == [["river", "rent"]]
