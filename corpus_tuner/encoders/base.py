"""What encoders do alike, whatever library their readers run on."""

from collections.abc import Sequence

import numpy as np

from corpus_tuner.encoders import EncoderModel, Span, Vectors, normalize_rows
from corpus_tuner.errors import SearchIndexError


class BaseEncoder:
    """An encoder of two readers, one for queries and one for documents.

    Subclasses have both as `query_reader` and `document_reader`.
    """

    name: str
    dimension: int
    pools_spans: bool

    @property
    def query_reader(self) -> EncoderModel:
        """What reads queries."""
        raise NotImplementedError

    @property
    def document_reader(self) -> EncoderModel:
        """What reads documents; searching never needs it."""
        raise NotImplementedError

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        return self._unit(self.query_reader.read(texts) if texts else [])

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts that stand for documents; shape (texts, dimension), unit rows."""
        return self._unit(self.document_reader.read(texts) if texts else [])

    def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Encode texts that stand for documents, and spans of them in the same reading."""
        if not self.pools_spans:
            raise SearchIndexError(f"encoder {self.name!r} pools no spans")
        if not texts:
            return []
        found = self.document_reader.read(texts, spans)
        ends = np.cumsum([len(vectors) for vectors in found])[:-1]
        return np.split(self._unit(found), ends)

    def _unit(self, found: Sequence[Vectors]) -> Vectors:
        none = np.zeros((0, self.dimension), np.float32)
        return (
            normalize_rows(np.concatenate(found)[:, : self.dimension], self.name) if found else none
        )
