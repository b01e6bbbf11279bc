"""Transformers run by CTranslate2: opened without PyTorch, and faster on a CPU."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
from pydantic import BaseModel, ConfigDict
from tokenizers import Tokenizer

from corpus_tuner.encoders import Span, Vectors
from corpus_tuner.encoders.batching import batch_by_tokens
from corpus_tuner.encoders.ctranslate2_runtime import use_fastest_instructions
from corpus_tuner.encoders.spans import pool_spans, shift_spans

CONFIG = "reading.json"
TOKENIZER = "tokenizer.json"
TOKEN_WEIGHTS = "token_weights.npy"
"""float32, shape (tokens of the vocabulary,)."""
TOKENS_AT_ONCE = 512
"""In a pass; more are no faster."""


class ModelConfig(BaseModel):
    """How the vectors of texts are read off the transformer.

    Attributes
    ----------
    faithful
        Whether they are those of the encoder that was converted; if not, it is not used.
    pooling
        The mean of the states of all tokens, or the state of the first.
    weighted
        Whether the states in the mean are weighted, by what their tokens are.
    query_prompt, document_prompt
        Put before every text.
    dimension
        Of the vectors.
    max_tokens
        The longest text, in tokens, that is read whole; marks and prompts are already off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    faithful: bool = True
    pooling: Literal["mean", "cls"]
    weighted: bool = False
    query_prompt: str
    document_prompt: str
    dimension: int
    max_tokens: int


class CTranslate2Model:
    """A transformer in CTranslate2, and how vectors are read off it.

    Parameters
    ----------
    folder
        A converted encoder, as `corpus_tuner.encoders.ctranslate2_encoder` finds it.
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
        self, folder: Path, compute: str, reading: ModelConfig, prompt: str, workers: int = 0
    ) -> None:
        self.dimension = reading.dimension
        self._pooling = reading.pooling
        self._weights: Vectors | None = None
        if reading.weighted:
            self._weights = np.load(folder / TOKEN_WEIGHTS, allow_pickle=False)
        self._prompt = prompt
        self._workers = workers
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        threads = {"inter_threads": workers, "intra_threads": 1} if workers else {}
        with use_fastest_instructions():
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
                if self._weights is not None:  # of any length: nothing divides by their sum
                    states *= self._weights[encoded[text].ids, None]
                own = states[:1] if self._pooling == "cls" else states.mean(axis=0)[None]
                found[text] = own
                if spans is not None:
                    behind_prompt = shift_spans(spans[text], len(self._prompt))
                    parts = pool_spans(states, encoded[text].offsets, behind_prompt)
                    found[text] = np.concatenate([own, parts])

        batches = batch_by_tokens([len(text.ids) for text in encoded], TOKENS_AT_ONCE)
        if self._workers > 1:
            with ThreadPoolExecutor(self._workers) as pool:
                list(pool.map(read_batch, batches))
        else:
            for batch in batches:
                read_batch(batch)
        return found
