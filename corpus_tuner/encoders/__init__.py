"""Encoders: texts in, unit vectors out."""

from corpus_tuner.encoders.encoder import (
    AUTO,
    Encoder,
    EncoderSettings,
    QueryEncoder,
    Span,
    Vectors,
    normalize_rows,
)
from corpus_tuner.encoders.open import open_encoder, open_query_encoder

__all__ = [
    "AUTO",
    "Encoder",
    "EncoderSettings",
    "QueryEncoder",
    "Span",
    "Vectors",
    "normalize_rows",
    "open_encoder",
    "open_query_encoder",
]
