"""Encode each text once, for stages that ask for the same texts one after the other."""

from collections.abc import Sequence

import numpy as np

from indexes.encoders import Encoder, Vectors


class RememberingEncoder:
    """An encoder that keeps the vectors of some texts at hand.

    Only what it is told to remember is kept. In half precision the last digits of a vector depend
    on the texts that shared its batch, so nothing that is merely asked for may come to stay: a
    build that was killed and finds half its work done asks for less.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.symmetric = encoder.symmetric
        self.count_tokens = encoder.count_tokens
        self.token_ends = encoder.token_ends
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}
        self._queries: dict[str, Vectors] = {}

    def remember(self, texts: Sequence[str]) -> None:
        """Encode texts and keep their vectors, instead of those kept before."""
        self._known = self._encode(dict.fromkeys(texts))

    def remember_more(self, texts: Sequence[str]) -> None:
        """Encode texts and keep their vectors, beside those kept before."""
        new = dict.fromkeys(text for text in texts if text not in self._known)
        self._known |= self._encode(new)

    def remember_queries(self, texts: Sequence[str]) -> None:
        """Encode queries and keep their vectors, instead of those kept before."""
        different = list(dict.fromkeys(texts))
        self._queries = dict(zip(different, self._encoder.encode_queries(different), strict=True))

    def encode_roughly(self, texts: Sequence[str]) -> Vectors:
        """Encode queries as documents where these are read alike: what is known costs nothing."""
        return self.encode_documents(texts) if self.symmetric else self.encode_queries(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        if all(text in self._queries for text in texts):
            return np.stack([self._queries[text] for text in texts])
        return self._encoder.encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts that stand for documents; shape (texts, dimension), unit rows."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        new = self._encode({text: None for text in texts if text not in self._known})
        return np.stack([self._known[text] if text in self._known else new[text] for text in texts])

    def _encode(self, texts: dict[str, None]) -> dict[str, Vectors]:
        """Encode different texts at once."""
        if not texts:
            return {}
        return dict(zip(texts, self._encoder.encode_documents(list(texts)), strict=True))
