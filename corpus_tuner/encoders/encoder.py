"""Base class of encoders, and their settings."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, PositiveInt
from tokenizers import Tokenizer

from corpus_tuner.core.paths import NamesFile
from corpus_tuner.errors import SearchIndexError

Vectors = npt.NDArray[np.float32]
"""Matrix of shape (texts, dimension) with rows of length 1."""
Span = tuple[int, int]
"""Part of a text: the offset of its first character, and of the one after its last."""

AUTO = "auto"
"""Name that stands for the embedded encoder that fits the languages of a corpus."""
_MIN_TOKENS = 8
"""Minimum number of tokens of a document that an encoder must read."""


class QueryEncoder(Protocol):
    """Encoder of queries: the part of an encoder that searching needs.

    Attributes
    ----------
    name
        Name that opens this encoder again: ``builtin``, a hub name or a folder.
    fingerprint
        SHA-256 of everything that decides the vectors: encoders with the same one are the same.
    dimension
        Length of a vector.
    """

    name: str
    fingerprint: str
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""


class EncoderModel(Protocol):
    """Transformer with pooling and a prompt."""

    def encode(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None
    ) -> list[Vectors]:
        """Return vectors of each text and its spans, not normalized, (1 + spans, dimension)."""


class EncoderSettings(BaseModel):
    """Settings of an encoder.

    Attributes
    ----------
    name
        ``builtin`` (all-MiniLM-L6-v2, for English), ``multilingual`` (multilingual-e5-small, for a
        hundred languages), ``auto`` (the one of these that fits the languages of the corpus), or
        any sentence-transformers model by hub name or folder.
    revision
        Commit, tag or branch on the hub.
    query_prompt
        Text put before each query. ``None`` takes the prompt of the model, which may be none.
    document_prompt
        Text put before each document. ``None`` takes the prompt of the model, which may be none.
    max_tokens
        Maximum number of tokens of a text that are read; ``None`` takes the limit of the model.
    dimensions
        Number of components of a vector that are used, the first ones, for models trained for that
        (Kusupati et al., "Matryoshka Representation Learning", arXiv 2205.13147); ``None`` uses
        all.
    dtype
        Arithmetic of the transformer. On a CPU ``auto`` is int8 if CTranslate2 can run the model,
        else bfloat16 if the processor has instructions for it, else float32. Queries that PyTorch
        encodes, pooling and vectors are always float32.
    device
        Device of PyTorch: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    batch_size
        Number of texts in a batch on a GPU; on a CPU batches are filled by tokens.
    trust_remote_code
        Whether Python code that comes with the model is run. Never taken from a stored index.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: NamesFile[str] = AUTO
    revision: str | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    max_tokens: PositiveInt | None = None
    dimensions: PositiveInt | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    device: str = "auto"
    batch_size: PositiveInt = 32
    trust_remote_code: bool = False


class Encoder:
    """Text encoder: texts in, unit vectors out; base class with a model of queries and documents.

    On a CPU a vector does not depend on the other texts, but for the last digits of float32 and
    bfloat16. On other devices texts of similar length share batches, and padding changes the last
    digits of the precision.

    Attributes
    ----------
    name, fingerprint, dimension
        Attributes of `QueryEncoder`.
    max_tokens
        Maximum number of tokens of a text, without special tokens and the prompt.
    pools_spans
        Whether `encode_spans` is supported: the vector of a text is the mean of its token states.
    """

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int
    pools_spans: bool

    @property
    def query_model(self) -> EncoderModel:
        """Model that encodes queries."""
        raise NotImplementedError

    @property
    def document_model(self) -> EncoderModel:
        """Model that encodes documents; searching does not load it."""
        raise NotImplementedError

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer without truncation and padding, safe to use from several threads."""
        raise NotImplementedError

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        return self._normalize(self.query_model.encode(texts) if texts else [])

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts of documents; shape (texts, dimension), unit rows."""
        return self._normalize(self.document_model.encode(texts) if texts else [])

    def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Encode texts of documents and spans of them in one pass (late chunking).

        Returns
        -------
        For each text float32, shape (1 + spans, dimension), unit rows: its own vector, as of
        `encode_documents`, and those of its spans.

        Raises
        ------
        SearchIndexError
            If the encoder does not support spans.
        """
        if not self.pools_spans:
            raise SearchIndexError(f"encoder {self.name!r} pools no spans")
        if not texts:
            return []
        vectors = self.document_model.encode(texts, spans)
        ends = np.cumsum([len(rows) for rows in vectors])[:-1]
        return np.split(self._normalize(vectors), ends)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and the prompt."""
        encodings = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def find_token_ends(self, text: str) -> list[int]:
        """Return the offset in `text`, in characters, at which each of its tokens ends."""
        return [end for _, end in self.tokenizer.encode(text, add_special_tokens=False).offsets]

    def _normalize(self, vectors: Sequence[Vectors]) -> Vectors:
        if not vectors:
            return np.zeros((0, self.dimension), np.float32)
        return normalize_rows(np.concatenate(vectors)[:, : self.dimension], self.name)


def normalize_rows(vectors: Vectors, name: str) -> Vectors:
    """Return vectors divided by their lengths.

    Raises
    ------
    SearchIndexError
        If a vector has no length or is not finite.
    """
    vectors = vectors.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
        raise SearchIndexError(
            f"encoder {name!r} gave vectors that are not numbers or have no length; "
            "try encoder.dtype=float32"
        )
    return np.asarray(vectors / lengths, dtype=np.float32)


def check_max_tokens(settings: EncoderSettings, positions: int | None) -> None:
    """Raise `SearchIndexError` if ``max_tokens`` is more than the positions of an encoder."""
    if settings.max_tokens and positions is not None and settings.max_tokens > positions:
        raise SearchIndexError(
            f"encoder {settings.name!r} has {positions} positions: encoder.max_tokens may be at "
            f"most that, not {settings.max_tokens}"
        )


def compute_max_tokens(name: str, limit: int, surrounding: int) -> int:
    """Return the limit without the tokens around a text; raise `SearchIndexError` for too few."""
    if limit - surrounding < _MIN_TOKENS:
        raise SearchIndexError(
            f"encoder {name!r} would read only {limit - surrounding} tokens of a document: "
            "raise encoder.max_tokens or shorten encoder.document_prompt"
        )
    return limit - surrounding


def choose_dimension(settings: EncoderSettings, available: int) -> int:
    """Return the number of components in use; raise `SearchIndexError` for too many."""
    if settings.dimensions is not None and settings.dimensions > available:
        raise SearchIndexError(
            f"encoder.dimensions is {settings.dimensions}, and the vectors of {settings.name!r} "
            f"have {available}"
        )
    return settings.dimensions or available
