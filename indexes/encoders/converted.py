"""Encoders that CTranslate2 runs, as they are kept in the cache.

The embedded one is converted here, without PyTorch. Of any other what it reads is made by
`corpus_tuner.indexes.encoders.converting` when it first reads something.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
from tokenizers import Tokenizer

from corpus_tuner.indexes.encoders import EncoderSettings, Span, Vectors, embedded, unit_rows
from corpus_tuner.indexes.encoders.cache import cache_folder, cached, cached_or_made
from corpus_tuner.indexes.encoders.conversion import cache_name
from corpus_tuner.indexes.encoders.fast import READING, TOKENIZER, FastReader, Reading
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.store.files import folder_sha256

QUERIES = "float32"
"""The arithmetic that queries are read in: they are few, and every score hangs on them."""

_HALF = 16  # of a name in the cache tells the encoder, the rest its files


class ConvertedEncoder:
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
        self._reading = reading_of(queries)
        self.dimension = self._reading.dimension
        self.max_tokens = self._reading.max_tokens
        self.symmetric = self._reading.query_prompt == self._reading.document_prompt
        self.pools_spans = self._reading.pooling == "mean"
        self._compute = document_compute(settings) or QUERIES
        self._queries = queries
        self._documents = documents

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts that stand for documents; shape (texts, dimension), unit rows."""
        return self._unit(self._document_reader.read(texts) if texts else [])

    def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Encode texts that stand for documents, and spans of them in the same reading."""
        if not self.pools_spans:
            raise SearchIndexError(f"encoder {self.name!r} pools no spans")
        if not texts:
            return []
        found = self._document_reader.read(texts, spans)
        ends = np.cumsum([len(vectors) for vectors in found])[:-1]
        return np.split(self._unit(found), ends)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        return self._unit(self._query_reader.read(texts) if texts else [])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, marks and prompts not counted."""
        counted = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in counted]

    def token_ends(self, text: str) -> list[int]:
        """Return the offset in `text`, in characters, at which each of its tokens ends."""
        return [end for _, end in self._counter.encode(text, add_special_tokens=False).offsets]

    @cached_property
    def _counter(self) -> Tokenizer:
        counter = Tokenizer.from_file(str(self._queries / TOKENIZER))
        counter.no_truncation()
        return counter

    @cached_property
    def _query_reader(self) -> FastReader:
        return FastReader(self._queries, QUERIES, self._reading, self._reading.query_prompt)

    @cached_property
    def _document_reader(self) -> FastReader:
        if self._documents is None:
            raise SearchIndexError(f"encoder {self.name!r} was opened for queries alone")
        workers = faiss.omp_get_max_threads()  # OpenMP's: what the user allows, or every core
        prompt = self._reading.document_prompt
        return FastReader(self._documents, self._compute, self._reading, prompt, workers)

    def _unit(self, found: Sequence[Vectors]) -> Vectors:
        none = np.zeros((0, self.dimension), np.float32)
        return unit_rows(np.concatenate(found), self.name) if found else none


def find(settings: EncoderSettings, fingerprint: str | None = None) -> ConvertedEncoder | None:
    """Open an encoder for queries and documents, if all of it was converted and is faithful.

    Parameters
    ----------
    settings
        Of the encoder.
    fingerprint
        Of the encoder; that of the embedded one is known.
    """
    compute = document_compute(settings)
    if compute is None:
        return None
    if settings.name == "builtin":
        fingerprint = embedded.fingerprint(settings)
    if fingerprint is None:
        return None
    folders = [find_faithful(settings, fingerprint, each) for each in (QUERIES, compute)]
    queries, documents = folders
    if queries is None or documents is None:
        return None
    return ConvertedEncoder(settings, fingerprint, queries, documents)


def find_for_queries(settings: EncoderSettings, fingerprint: str) -> ConvertedEncoder | None:
    """Open the encoder that has `fingerprint` for queries, if it was converted and is faithful."""
    if settings.name == "builtin" and fingerprint != embedded.fingerprint(settings):
        return None
    folder = find_faithful(settings, fingerprint, QUERIES)
    return ConvertedEncoder(settings, fingerprint, folder, None) if folder else None


def document_compute(settings: EncoderSettings) -> str | None:
    """Return the arithmetic of CTranslate2 for documents; none where PyTorch is to read them."""
    return {"auto": "int8", "int8": "int8", "float32": "float32"}.get(settings.dtype)


def find_faithful(settings: EncoderSettings, fingerprint: str, compute: str) -> Path | None:
    """Return the folder of the cache with a converted encoder that reads as the original does."""
    folder = find_folder(settings, fingerprint, compute)
    return folder if folder and reading_of(folder).faithful else None


def find_folder(settings: EncoderSettings, fingerprint: str, compute: str) -> Path | None:
    """Return the folder of the cache with a converted encoder, faithful or not."""
    if settings.device not in ("auto", "cpu"):
        return None
    if settings.name == "builtin":
        name = name_in_cache(settings.name, fingerprint, compute)
        with suppress(OSError):  # a cache that cannot be written: PyTorch does without
            return cached_or_made(name, lambda new: embedded.convert(settings, new, compute))
        return None
    if not any(cache_folder().glob(f"{fingerprint[:_HALF]}*")):
        return None  # known without reading all of a model that never was converted
    return cached(name_in_cache(settings.name, fingerprint, compute))


def name_in_cache(encoder: str, fingerprint: str, compute: str) -> str:
    """Return the name in the cache of a converted encoder.

    The files that it was made of are part of it, so that a model that replaced another
    is loaded, and known for what it is.
    """
    files = hashlib.sha256().hexdigest()
    if encoder == "builtin":
        embedded.folder()  # which compares its files with their checksums
    elif Path(encoder).is_absolute():
        files = folder_sha256(Path(encoder))
    return cache_name(fingerprint[:_HALF] + files[:_HALF], compute)


def reading_of(folder: Path) -> Reading:
    """Return how vectors are read off a converted encoder."""
    return Reading.model_validate_json((folder / READING).read_bytes())
