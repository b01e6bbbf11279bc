"""Queries read by CTranslate2: opened without PyTorch, and read in less time.

What it reads is made of a whole encoder by `corpus_tuner.indexes.encoders.converting`, once, and
kept in the cache.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
from pydantic import BaseModel, ConfigDict
from tokenizers import Tokenizer

from corpus_tuner.indexes.encoders import (
    EncoderSettings,
    QueryEncoder,
    Vectors,
    embedded,
    unit_rows,
)
from corpus_tuner.indexes.encoders.cache import cache_folder, cached
from corpus_tuner.indexes.encoders.conversion import cache_name, fastest_instructions
from corpus_tuner.indexes.store.files import sha256

COMPUTE = "float32"
READING = "reading.json"
TOKENIZER = "tokenizer.json"
QUERIES_AT_ONCE = 16
"""Of like length: more would only be padded more."""

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


class FastQueryEncoder:
    """The transformer and its pooling, in float32 on the CPU. Several threads may share one."""

    def __init__(self, folder: Path, reading: Reading, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = reading.dimension
        self._reading = reading
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        with fastest_instructions():
            self._transformer: Any = ctranslate2.Encoder(str(folder), compute_type=COMPUTE)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        prompted = [self._reading.prompt + text for text in texts]
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(prompted)]
        order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
        for start in range(0, len(order), QUERIES_AT_ONCE):
            places = order[start : start + QUERIES_AT_ONCE]
            read = self._transformer.forward_batch([tokens[place] for place in places])
            for place, states in zip(places, np.array(read.last_hidden_state), strict=True):
                one = self._reading.pooling == "cls"
                vectors[place] = states[0] if one else states[: len(tokens[place])].mean(axis=0)
        return unit_rows(vectors, self.name)


def find(settings: EncoderSettings, fingerprint: str) -> QueryEncoder | None:
    """Open the encoder that has `fingerprint`, if it was converted and is faithful."""
    if settings.device not in ("auto", "cpu"):
        return None
    if not any(cache_folder().glob(f"{fingerprint[:_HALF]}*")):
        return None  # known without reading all of a model that never was converted
    folder = cached(name_in_cache(settings.name, fingerprint))
    if folder is None:
        return None
    reading = Reading.model_validate_json((folder / READING).read_bytes())
    if not reading.faithful:
        return None
    return FastQueryEncoder(folder, reading, settings.name, fingerprint)


def name_in_cache(encoder: str, fingerprint: str) -> str:
    """Return the name in the cache of a converted encoder.

    The files that it was made of are part of it, so that a model that was put in the place of
    another is loaded, and known for what it is.
    """
    files = hashlib.sha256()
    if encoder == "builtin":
        embedded.folder()  # which compares its files with their checksums
    elif Path(encoder).is_absolute():
        for file in sorted(each for each in Path(encoder).rglob("*") if each.is_file()):
            files.update(f"{file.relative_to(encoder)} {sha256(file)}".encode())
    return cache_name(fingerprint[:_HALF] + files.hexdigest()[:_HALF], COMPUTE)
