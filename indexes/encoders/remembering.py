"""Encode each text once, for stages that ask for the same texts one after the other."""

from collections.abc import Sequence

import numpy as np

from indexes.encoders import Encoder, Vectors


class RememberingEncoder:
    """An encoder that knows the document vectors it made since it was last told to forget.

    A text keeps the vector it got when it was first asked for, so what comes later cannot change
    it: in half precision, the last digits depend on the texts that shared a batch.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.encode_queries = encoder.encode_queries
        self.count_tokens = encoder.count_tokens
        self.token_ends = encoder.token_ends
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts that stand for documents; shape (texts, dimension), unit rows."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode_documents(new), strict=True))
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])

    def forget(self) -> None:
        """Free the memory."""
        self._known.clear()
