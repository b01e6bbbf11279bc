"""Encoders that CTranslate2 runs, as they are kept in the cache.

The embedded ones are converted here, without PyTorch. Of any other what it reads is made by
`corpus_tuner.encoders.ctranslate2_export` when it first reads something.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

import faiss
from tokenizers import Tokenizer

from corpus_tuner.core.cache import ensure_cached, find_cached, get_cache_folder
from corpus_tuner.core.files import hash_folder
from corpus_tuner.encoders import EncoderSettings, embedded
from corpus_tuner.encoders.base import BaseEncoder
from corpus_tuner.encoders.ctranslate2_model import CONFIG, TOKENIZER, CTranslate2Model, ModelConfig
from corpus_tuner.encoders.ctranslate2_runtime import get_cache_name
from corpus_tuner.encoders.token_limits import choose_dimension
from corpus_tuner.errors import SearchIndexError

QUERIES = "float32"
"""The arithmetic that queries are read in: they are few, and every score hangs on them."""

_HALF = 16  # of a name in the cache tells the encoder, the rest its files


class CTranslate2Encoder(BaseEncoder):
    """Reads as the encoder does that it was made of.

    Parameters
    ----------
    settings
        Of the encoder.
    fingerprint
        Of the encoder.
    queries
        The folder of the one that reads queries.
    documents
        The folder of the one that reads documents; none where only queries are to be read.
    """

    def __init__(
        self, settings: EncoderSettings, fingerprint: str, queries: Path, documents: Path | None
    ) -> None:
        self.name = settings.name
        self.fingerprint = fingerprint
        self._reading = read_config(queries)
        own = self._reading.dimension
        self.dimension = choose_dimension(self.name, settings.dimensions, own)
        self.max_tokens = self._reading.max_tokens
        self.symmetric = self._reading.query_prompt == self._reading.document_prompt
        self.pools_spans = self._reading.pooling == "mean"
        self._compute = choose_compute_type(settings) or QUERIES
        self._queries = queries
        self._documents = documents

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, marks and prompts not counted."""
        counted = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in counted]

    def find_token_ends(self, text: str) -> list[int]:
        """Return the offset in `text`, in characters, at which each of its tokens ends."""
        return [end for _, end in self._counter.encode(text, add_special_tokens=False).offsets]

    @cached_property
    def _counter(self) -> Tokenizer:
        counter = Tokenizer.from_file(str(self._queries / TOKENIZER))
        counter.no_truncation()
        return counter

    @cached_property
    def query_reader(self) -> CTranslate2Model:
        """What reads queries."""
        return CTranslate2Model(self._queries, QUERIES, self._reading, self._reading.query_prompt)

    @cached_property
    def document_reader(self) -> CTranslate2Model:
        """What reads documents."""
        if self._documents is None:
            raise SearchIndexError(f"encoder {self.name!r} was opened for queries alone")
        workers = faiss.omp_get_max_threads()  # OpenMP's: what the user allows, or every core
        prompt = self._reading.document_prompt
        return CTranslate2Model(self._documents, self._compute, self._reading, prompt, workers)


def find_encoder(
    settings: EncoderSettings, fingerprint: str | None = None
) -> CTranslate2Encoder | None:
    """Open an encoder for queries and documents, if all of it was converted and is faithful.

    Parameters
    ----------
    settings
        Of the encoder.
    fingerprint
        Of the encoder; that of the embedded one is known.
    """
    compute = choose_compute_type(settings)
    if compute is None:
        return None
    if settings.name in embedded.NAMES:
        fingerprint = embedded.compute_fingerprint(settings)
    if fingerprint is None:
        return None
    queries, documents = _find_faithful(settings, fingerprint, QUERIES, compute)
    if queries is None or documents is None:
        return None
    return CTranslate2Encoder(settings, fingerprint, queries, documents)


def find_query_encoder(settings: EncoderSettings, fingerprint: str) -> CTranslate2Encoder | None:
    """Open the encoder that has `fingerprint` for queries, if it was converted and is faithful."""
    if settings.name in embedded.NAMES and fingerprint != embedded.compute_fingerprint(settings):
        return None
    (folder,) = _find_faithful(settings, fingerprint, QUERIES)
    return CTranslate2Encoder(settings, fingerprint, folder, None) if folder else None


def choose_compute_type(settings: EncoderSettings) -> str | None:
    """Return the arithmetic of CTranslate2 for documents; none where PyTorch is to read them."""
    return {"auto": "int8", "int8": "int8", "float32": "float32"}.get(settings.dtype)


def find_folders(settings: EncoderSettings, fingerprint: str, *computes: str) -> list[Path | None]:
    """Return the folders of the cache with a converted encoder, faithful or not.

    Parameters
    ----------
    settings, fingerprint
        Of the encoder.
    *computes
        One arithmetic for every folder.
    """
    none: list[Path | None] = [None] * len(computes)
    if settings.device not in ("auto", "cpu"):
        return none
    builtin = settings.name in embedded.NAMES
    if not builtin and not any(get_cache_folder().glob(f"{fingerprint[:_HALF]}*")):
        return none  # known without reading all of a model that never was converted
    identity = _compute_identity(settings.name, fingerprint)
    if not builtin:
        return [find_cached(get_cache_name(identity, compute)) for compute in computes]
    with suppress(OSError):  # a cache that cannot be written: PyTorch does without
        return [
            ensure_cached(
                get_cache_name(identity, compute),
                partial(embedded.convert_embedded, settings, compute),
            )
            for compute in computes
        ]
    return none


def get_encoder_cache_name(encoder: str, fingerprint: str, compute: str) -> str:
    """Return the name in the cache of a converted encoder."""
    return get_cache_name(_compute_identity(encoder, fingerprint), compute)


def _compute_identity(encoder: str, fingerprint: str) -> str:
    """Return what tells an encoder.

    The files that it was made of are part of it, so that a model that replaced another
    is loaded, and known for what it is.
    """
    files = hashlib.sha256().hexdigest()
    if encoder in embedded.NAMES:
        embedded.check_files(encoder)
    elif Path(encoder).is_absolute():
        files = hash_folder(Path(encoder))
    return fingerprint[:_HALF] + files[:_HALF]


def _find_faithful(
    settings: EncoderSettings, fingerprint: str, *computes: str
) -> list[Path | None]:
    """Return the folders of those that read as the original does."""
    return [
        folder if folder and read_config(folder).faithful else None
        for folder in find_folders(settings, fingerprint, *computes)
    ]


def read_config(folder: Path) -> ModelConfig:
    """Return how vectors are read off a converted encoder."""
    return ModelConfig.model_validate_json((folder / CONFIG).read_bytes())
