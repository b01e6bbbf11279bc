"""Encoders exported to CTranslate2, stored in the cache.

The embedded encoders are exported without PyTorch when they are first opened, all others by
`corpus_tuner.encoders.ctranslate2_export` when they first encode something.
"""

import hashlib
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

from tokenizers import Tokenizer

from corpus_tuner.core.cache import ensure_cached, find_cached, get_cache_folder
from corpus_tuner.core.files import hash_folder
from corpus_tuner.encoders import embedded
from corpus_tuner.encoders.ctranslate2_model import (
    CONFIG,
    CTranslate2Model,
    ModelConfig,
    TruncatingTokenizer,
)
from corpus_tuner.encoders.ctranslate2_runtime import get_cache_name
from corpus_tuner.encoders.encoder import Encoder, EncoderSettings, choose_dimension
from corpus_tuner.errors import SearchIndexError

QUERY_TYPE = "float32"
"""Arithmetic of queries: they are few, and all scores depend on them."""

_FORMAT = b"2"
"""Version of the files of an exported encoder."""
_HALF = 16  # characters of a name in the cache for the encoder, the others for its files


class CTranslate2Encoder(Encoder):
    """Encoder that was exported to CTranslate2; without a folder of documents, for queries only."""

    def __init__(
        self, settings: EncoderSettings, fingerprint: str, queries: Path, documents: Path | None
    ) -> None:
        self.name = settings.name
        self.fingerprint = fingerprint
        self._config = read_config(queries)
        self.dimension = choose_dimension(settings, self._config.dimension)
        self.max_tokens = self._config.max_tokens
        self.pools_spans = self._config.pooling == "mean"
        self._compute_type = choose_compute_type(settings) or QUERY_TYPE
        self._queries = queries
        self._documents = documents

    @cached_property
    def _tokenizer(self) -> TruncatingTokenizer:
        return TruncatingTokenizer(self._queries)

    @property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer without truncation and padding."""
        return self._tokenizer.tokenizer

    @cached_property
    def query_model(self) -> CTranslate2Model:
        """Model that encodes queries."""
        prompt = self._config.query_prompt
        return CTranslate2Model(self._queries, QUERY_TYPE, self._config, prompt, self._tokenizer)

    @cached_property
    def document_model(self) -> CTranslate2Model:
        """Model that encodes documents."""
        if self._documents is None:
            raise SearchIndexError(f"encoder {self.name!r} was opened for queries only")
        prompt = self._config.document_prompt
        return CTranslate2Model(
            self._documents, self._compute_type, self._config, prompt, self._tokenizer
        )

    def release_document_model(self) -> None:
        """Free the memory of the model of documents until it is used."""
        self.__dict__.pop("document_model", None)


def find_encoder(
    settings: EncoderSettings, fingerprint: str | None = None
) -> CTranslate2Encoder | None:
    """Open an encoder for queries and documents, if it was exported and is faithful.

    `fingerprint` is needed unless it is an embedded encoder.
    """
    compute_type = choose_compute_type(settings)
    if settings.name in embedded.NAMES:
        fingerprint = embedded.compute_fingerprint(settings)
    if compute_type is None or fingerprint is None:
        return None
    queries, documents = _find_faithful(settings, fingerprint, QUERY_TYPE, compute_type)
    if queries is None or documents is None:
        return None
    return CTranslate2Encoder(settings, fingerprint, queries, documents)


def find_query_encoder(settings: EncoderSettings, fingerprint: str) -> CTranslate2Encoder | None:
    """Open the encoder of a fingerprint for queries, if it was exported and is faithful."""
    if settings.name in embedded.NAMES and fingerprint != embedded.compute_fingerprint(settings):
        return None
    (folder,) = _find_faithful(settings, fingerprint, QUERY_TYPE)
    return CTranslate2Encoder(settings, fingerprint, folder, None) if folder else None


def choose_compute_type(settings: EncoderSettings) -> str | None:
    """Return the arithmetic of CTranslate2 for documents; ``None`` if PyTorch encodes them."""
    return {"auto": "int8", "int8": "int8", "float32": "float32"}.get(settings.dtype)


def find_folders(
    settings: EncoderSettings, fingerprint: str, *compute_types: str
) -> list[Path | None]:
    """Return the folder of an exported encoder for each arithmetic, faithful or not."""
    none: list[Path | None] = [None] * len(compute_types)
    if settings.device not in ("auto", "cpu"):
        return none
    is_embedded = settings.name in embedded.NAMES
    if not is_embedded and not any(get_cache_folder().glob(f"{fingerprint[:_HALF]}*")):
        return none  # without hashing the files of a model that was never exported
    names = [get_export_name(settings.name, fingerprint, one) for one in compute_types]
    if not is_embedded:
        return [find_cached(name) for name in names]
    with suppress(OSError):  # a cache that cannot be written: PyTorch does without
        return [
            ensure_cached(name, partial(embedded.export, settings, compute_type))
            for name, compute_type in zip(names, compute_types, strict=True)
        ]
    return none


def get_export_name(encoder: str, fingerprint: str, compute_type: str) -> str:
    """Return the name of an exported encoder in the cache.

    It depends on the files of the encoder, so that a model that replaced another one in its folder
    is not mistaken for it.
    """
    files = hashlib.sha256(_FORMAT).hexdigest()
    if Path(encoder).is_absolute():
        files = hashlib.sha256(_FORMAT + hash_folder(Path(encoder)).encode()).hexdigest()
    return get_cache_name(fingerprint[:_HALF] + files[:_HALF], compute_type)


def read_config(folder: Path) -> ModelConfig:
    """Return the configuration of an exported encoder."""
    return ModelConfig.model_validate_json((folder / CONFIG).read_bytes())


def _find_faithful(
    settings: EncoderSettings, fingerprint: str, *compute_types: str
) -> list[Path | None]:
    return [
        folder if folder and read_config(folder).faithful else None
        for folder in find_folders(settings, fingerprint, *compute_types)
    ]
