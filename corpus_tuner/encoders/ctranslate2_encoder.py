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
from corpus_tuner.encoders.ctranslate2_model import CONFIG, CTranslate2Model, ModelConfig
from corpus_tuner.encoders.ctranslate2_runtime import get_cache_name
from corpus_tuner.encoders.encoder import Encoder, EncoderSettings, choose_dimension
from corpus_tuner.errors import SearchIndexError

_FORMAT = b"2"
"""Version of the files of an exported encoder."""
_HALF = 16  # characters of a name in the cache for the encoder, the others for its files


class CTranslate2Encoder(Encoder):
    """Encoder that was exported to CTranslate2: one model, with the prompts of both roles.

    Parameters
    ----------
    settings, fingerprint
        Settings and fingerprint of the encoder.
    folder, compute_type
        Folder of the export, and its arithmetic.
    """

    def __init__(
        self, settings: EncoderSettings, fingerprint: str, folder: Path, compute_type: str
    ) -> None:
        self.name = settings.name
        self.fingerprint = fingerprint
        self._config = read_config(folder)
        self.dimension = choose_dimension(settings, self._config.dimension)
        self.max_tokens = self._config.max_tokens
        self.pools_spans = self._config.pooling == "mean"
        self._folder = folder
        self._compute_type = compute_type
        self._reads_documents = compute_type == choose_compute_type(settings)

    @cached_property
    def _model(self) -> CTranslate2Model:
        return CTranslate2Model(self._folder, self._compute_type, self._config)

    @property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer without truncation and padding."""
        return self._model.tokenizer

    @cached_property
    def query_model(self) -> CTranslate2Model:
        """Model that encodes queries."""
        return self._model.replace_prompt(self._config.query_prompt)

    @cached_property
    def document_model(self) -> CTranslate2Model:
        """Model that encodes documents."""
        if not self._reads_documents:
            raise SearchIndexError(f"encoder {self.name!r} was opened for queries only")
        return self._model.replace_prompt(self._config.document_prompt)


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
    return _open_faithful(settings, fingerprint, compute_type)


def find_query_encoder(settings: EncoderSettings, fingerprint: str) -> CTranslate2Encoder | None:
    """Open the encoder of a fingerprint for queries, if it was exported and is faithful."""
    if settings.name in embedded.NAMES and fingerprint != embedded.compute_fingerprint(settings):
        return None
    return _open_faithful(settings, fingerprint, choose_query_type(settings))


def choose_compute_type(settings: EncoderSettings) -> str | None:
    """Return the arithmetic of CTranslate2 for documents; ``None`` if PyTorch encodes them."""
    return {"auto": "int8", "int8": "int8", "float32": "float32"}.get(settings.dtype)


def choose_query_type(settings: EncoderSettings) -> str:
    """Return the arithmetic for queries: that of documents, if CTranslate2 has it."""
    return choose_compute_type(settings) or "float32"


def find_folder(settings: EncoderSettings, fingerprint: str, compute_type: str) -> Path | None:
    """Return the folder of an exported encoder, faithful or not."""
    if settings.device not in ("auto", "cpu"):
        return None
    is_embedded = settings.name in embedded.NAMES
    if not is_embedded and not any(get_cache_folder().glob(f"{fingerprint[:_HALF]}*")):
        return None  # without hashing the files of a model that was never exported
    name = get_export_name(settings.name, fingerprint, compute_type)
    if not is_embedded:
        return find_cached(name)
    with suppress(OSError):  # a cache that cannot be written: PyTorch does without
        return ensure_cached(name, partial(embedded.export, settings, compute_type))
    return None


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


def _open_faithful(
    settings: EncoderSettings, fingerprint: str, compute_type: str
) -> CTranslate2Encoder | None:
    folder = find_folder(settings, fingerprint, compute_type)
    if folder is None or not read_config(folder).faithful:
        return None
    return CTranslate2Encoder(settings, fingerprint, folder, compute_type)
