"""Encoders run by CTranslate2: opened without PyTorch, and faster on a CPU.

What it reads is made of a whole encoder by `corpus_tuner.indexes.encoders.converting`, once, and
kept in the cache.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
from pydantic import BaseModel, ConfigDict
from tokenizers import Tokenizer

from corpus_tuner.indexes.encoders import (
    EncoderSettings,
    QueryEncoder,
    Span,
    Vectors,
    embedded,
    unit_rows,
)
from corpus_tuner.indexes.encoders.batching import filled
from corpus_tuner.indexes.encoders.cache import cache_folder, cached
from corpus_tuner.indexes.encoders.conversion import cache_name, fastest_instructions
from corpus_tuner.indexes.encoders.spans import moved, pool_spans
from corpus_tuner.indexes.store.files import folder_sha256

READING = "reading.json"
TOKENIZER = "tokenizer.json"
TOKENS_AT_ONCE = 512
"""In a pass; more are no faster."""

_HALF = 16  # of a name in the cache tells the encoder, the rest its files


class Reading(BaseModel):
    """How the vectors of texts are read off the transformer.

    Attributes
    ----------
    faithful
        Whether they are those of the encoder that was converted; if not, it is not used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    faithful: bool
    pooling: Literal["mean", "cls"]
    prompt: str
    dimension: int


class FastReader:
    """A transformer in CTranslate2, and how vectors are read off it.

    Parameters
    ----------
    folder
        What `corpus_tuner.indexes.encoders.converting` wrote.
    compute
        ``float32`` or ``int8``.
    reading
        How vectors are read off.
    prompt
        Put before every text.
    workers
        So many passes at once, every one on a core; 0 for one pass on all cores.
    """

    def __init__(
        self, folder: Path, compute: str, reading: Reading, prompt: str, workers: int = 0
    ) -> None:
        self.dimension = reading.dimension
        self._pooling = reading.pooling
        self._prompt = prompt
        self._workers = workers
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        threads = {"inter_threads": workers, "intra_threads": 1} if workers else {}
        with fastest_instructions():
            self._transformer: Any = ctranslate2.Encoder(
                str(folder), compute_type=compute, **threads
            )

    def read(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None
    ) -> list[Vectors]:
        """Return the vectors of every text and its spans, of any length, (1 + spans, dimension)."""
        encoded = self._tokenizer.encode_batch([self._prompt + text for text in texts])
        found: list[Vectors] = [np.zeros((0, self.dimension), np.float32)] * len(texts)

        def read_batch(batch: list[int]) -> None:
            passed = self._transformer.forward_batch([encoded[text].ids for text in batch])
            for text, states in zip(batch, np.array(passed.last_hidden_state), strict=True):
                own = states[:1] if self._pooling == "cls" else states.mean(axis=0)[None]
                found[text] = own
                if spans is not None:
                    behind_prompt = moved(spans[text], len(self._prompt))
                    parts = pool_spans(states, encoded[text].offsets, behind_prompt)
                    found[text] = np.concatenate([own, parts])

        batches = filled([len(text.ids) for text in encoded], TOKENS_AT_ONCE)
        if self._workers > 1:
            with ThreadPoolExecutor(self._workers) as pool:
                list(pool.map(read_batch, batches))
        else:
            for batch in batches:
                read_batch(batch)
        return found


class FastQueryEncoder:
    """Reads queries as the encoder did that it was made of.

    Parameters
    ----------
    reader
        In float32, with the prompt of queries.
    name, fingerprint
        Of the encoder.
    """

    def __init__(self, reader: FastReader, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = reader.dimension
        self._reader = reader

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return unit_rows(np.concatenate(self._reader.read(texts)), self.name)


def find(settings: EncoderSettings, fingerprint: str) -> QueryEncoder | None:
    """Open the encoder that has `fingerprint` for queries, if it was converted and is faithful."""
    reader = find_reader(settings, fingerprint, "float32")
    return FastQueryEncoder(reader, settings.name, fingerprint) if reader else None


def find_reader(
    settings: EncoderSettings,
    fingerprint: str,
    compute: str,
    prompt: str | None = None,
    workers: int = 0,
) -> FastReader | None:
    """Open what reads texts of the encoder that has `fingerprint`, if it was converted so.

    Parameters
    ----------
    compute
        ``float32`` or ``int8``.
    prompt
        Put before every text; ``None`` takes that of queries.
    workers
        As `FastReader` has it.
    """
    folder = find_folder(settings, fingerprint, compute)
    if folder is None:
        return None
    reading = Reading.model_validate_json((folder / READING).read_bytes())
    if not reading.faithful:
        return None
    return FastReader(
        folder, compute, reading, reading.prompt if prompt is None else prompt, workers
    )


def find_folder(settings: EncoderSettings, fingerprint: str, compute: str) -> Path | None:
    """Return the folder of the cache with a converted encoder, faithful or not."""
    if settings.device not in ("auto", "cpu"):
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
