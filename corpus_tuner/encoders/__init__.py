"""Encoders: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, PositiveInt

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.errors import SearchIndexError

Vectors = npt.NDArray[np.float32]
"""A matrix of shape (texts, dimension), every row of length 1."""
Span = tuple[int, int]
"""A piece of a text: its first character, and the one behind its last."""


AUTO = "auto"
"""Stands for the embedded encoder that fits the languages of a corpus."""


class QueryEncoder(Protocol):
    """Queries in, unit vectors out: what searching asks of an encoder.

    Attributes
    ----------
    name
        What opens this encoder again: ``builtin``, a hub name or a folder.
    fingerprint
        SHA-256 of all that decides its vectors: two encoders with the same one are the same.
    dimension
        Length of a vector.
    """

    name: str
    fingerprint: str
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""


class Encoder(QueryEncoder, Protocol):
    """Texts in, unit vectors out.

    Attributes
    ----------
    max_tokens
        The longest text, in tokens, that is read whole; marks and prompts are already off.
    symmetric
        Whether queries are read as documents are, but for the precision.
    pools_spans
        Whether `encode_spans` can be asked: the model's vector is the mean of its token states.
    """

    max_tokens: int
    symmetric: bool
    pools_spans: bool

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts that stand for documents; shape (texts, dimension), unit rows.

        On a CPU a vector does not depend on the other texts, but for the last digits of float32
        and bfloat16. On other devices texts of like length share batches, and padding moves the
        last digits that the precision has.
        """

    def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Encode texts that stand for documents, and spans of them in the same reading.

        Parameters
        ----------
        texts
            Any number of them.
        spans
            Those of every text. What is pooled is told by
            `corpus_tuner.encoders.spans.pool_spans`.

        Returns
        -------
        For every text float32, shape (1 + spans, dimension), unit rows: its own vector, as
        `encode_documents` has it, and those of its spans.

        Raises
        ------
        SearchIndexError
            If the encoder pools no spans.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, marks and prompts not counted."""

    def find_token_ends(self, text: str) -> list[int]:
        """Return the offset in `text`, in characters, at which each of its tokens ends."""


class EncoderModel(Protocol):
    """A transformer with its prompt: what an encoder reads documents with."""

    def read(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None
    ) -> list[Vectors]:
        """Return the vectors of every text and its spans, of any length, (1 + spans, dimension)."""


class EncoderSettings(BaseModel):
    """Which encoder, and how it runs.

    Attributes
    ----------
    name
        ``builtin`` (all-MiniLM-L6-v2, for English), ``multilingual`` (multilingual-e5-small, for a
        hundred languages), ``auto`` (the one of these that fits the languages of the corpus), or
        any sentence-transformers model by hub name or folder.
    revision
        Commit, tag or branch on the hub.
    query_prompt, document_prompt
        Put before each text. ``None`` takes what the model itself asks for, which may be nothing.
    max_tokens
        Read at most so many tokens of a text; ``None`` takes the model's own limit.
    dimensions
        Keep so many components of a vector, the first ones, for models that were trained to put
        what matters there (Kusupati et al., "Matryoshka Representation Learning", arXiv
        2205.13147); ``None`` keeps all.
    dtype
        Of the transformer's arithmetic for documents; queries, pooling and vectors are always
        float32. On a CPU ``auto`` is int8 where CTranslate2 can run the model, else bfloat16 where
        the processor has instructions for it, else float32 (figures: docs/guide/encoders.md).
    device
        ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    batch_size
        Texts in one pass on a GPU; on a CPU a pass is filled by tokens.
    trust_remote_code
        Run Python that comes with the model. Never taken from a stored index.
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


def open_encoder(
    settings: EncoderSettings | None = None,
    fingerprint: str | None = None,
    languages: Sequence[str] = ("en",),
) -> Encoder:
    """Open an encoder: without PyTorch, if it is an embedded one or was converted before.

    Parameters
    ----------
    settings
        Of the encoder; ``auto`` by default.
    fingerprint
        Of the encoder that is wanted, where it is known. Another may be opened if that is what
        `settings` name now.
    languages
        Of the texts, ISO 639-1; they decide what ``auto`` is.

    Raises
    ------
    SearchIndexError
        If it cannot be found, fetched or trusted, or needs PyTorch and there is none.
    """
    import ctranslate2

    from corpus_tuner.encoders import ctranslate2_encoder, embedded

    settings = embedded.resolve_auto(settings or EncoderSettings(), languages)
    _refuse_removed(settings)
    if settings.device == "cpu" or not ctranslate2.get_cuda_device_count():
        found = ctranslate2_encoder.find_encoder(settings, fingerprint)
        if found:
            return found
    try:
        from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder
    except ImportError as error:
        raise SearchIndexError(_without_pytorch(settings)) from error
    return SentenceTransformerEncoder(settings)


def _without_pytorch(settings: EncoderSettings) -> str:
    """Say what an encoder needs, and that the embedded ones need no PyTorch."""
    needs = describe_missing_extra(f"the encoder {settings.name!r}, as it is set,", "build")
    from corpus_tuner.core.cache import get_cache_folder
    from corpus_tuner.encoders import embedded

    if settings.name not in embedded.NAMES:
        return needs
    return (
        f"{needs}. It does without on a CPU (encoder.device=cpu) in int8 or float32 "
        f"(encoder.dtype=auto), if {get_cache_folder()} can be written to"
    )


def open_query_encoder(settings: EncoderSettings, fingerprint: str) -> QueryEncoder:
    """Open an encoder for queries alone: within a second, if it was ever converted before.

    Parameters
    ----------
    settings
        What opens the whole encoder, where it was not converted or cannot be.
    fingerprint
        Of the encoder that is wanted. Another may be opened if that is what `settings` name now.

    Raises
    ------
    SearchIndexError
        If it cannot be found, fetched or trusted.
    """
    from corpus_tuner.encoders import ctranslate2_encoder

    _refuse_removed(settings)
    return ctranslate2_encoder.find_query_encoder(settings, fingerprint) or open_encoder(settings)


def _refuse_removed(settings: EncoderSettings) -> None:
    """Refuse an encoder that earlier releases had."""
    if settings.name == "builtin-de":
        raise SearchIndexError(
            "the encoder 'builtin-de' was removed: build the index again with "
            "encoder.name=multilingual, which finds more in German"
        )


def normalize_rows(vectors: Vectors, name: str) -> Vectors:
    """Return vectors of length 1.

    Raises
    ------
    SearchIndexError
        If one has no length or holds what is no number.
    """
    vectors = vectors.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
        raise SearchIndexError(
            f"encoder {name!r} gave vectors that are not numbers or have no length; "
            "try encoder.dtype=float32"
        )
    return np.asarray(vectors / lengths, dtype=np.float32)
