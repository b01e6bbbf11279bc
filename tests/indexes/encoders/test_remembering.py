"""Only what is to be remembered is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.encoders.remembering import RememberingEncoder


def test_known_texts_are_not_encoded_again(encoder: Any) -> None:
    asked: list[list[str]] = []

    class Spy:
        name, fingerprint = encoder.name, encoder.fingerprint
        dimension, max_tokens = encoder.dimension, encoder.max_tokens
        symmetric = encoder.symmetric
        encode_queries = encoder.encode_queries
        count_tokens, token_ends = encoder.count_tokens, encoder.token_ends

        def encode_documents(self, texts: Sequence[str]) -> Vectors:
            asked.append(list(texts))
            vectors: Vectors = encoder.encode_documents(texts)
            return vectors

    remembering = RememberingEncoder(Spy())
    remembering.remember(["mill", "river", "mill"])
    vectors = remembering.encode_documents(["river", "rent", "mill", "rent"])
    again = remembering.encode_documents(["rent"])
    assert asked == [["mill", "river"], ["rent"], ["rent"]]
    expected = encoder.encode_documents(["river", "rent", "mill", "rent"])
    np.testing.assert_allclose(vectors, expected, atol=0.01)
    np.testing.assert_allclose(again[0], vectors[1], atol=0.01)
    assert remembering.encode_documents([]).shape == (0, encoder.dimension)
