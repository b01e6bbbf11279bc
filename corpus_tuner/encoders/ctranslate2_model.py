"""Encoder models run by CTranslate2: opened without PyTorch, and faster on a CPU."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import faiss
import numpy as np
from pydantic import BaseModel, ConfigDict
from tokenizers import Encoding, Tokenizer

from corpus_tuner.encoders.batching import batch_by_tokens
from corpus_tuner.encoders.ctranslate2_runtime import use_fastest_instructions
from corpus_tuner.encoders.encoder import Span, Vectors
from corpus_tuner.encoders.spans import pool_spans
from corpus_tuner.errors import SearchIndexError

CONFIG = "encoder.json"
TOKENIZER = "tokenizer.json"
TOKEN_WEIGHTS = "token_weights.npy"
"""Weights of the tokens of the vocabulary, float32, shape (tokens,)."""
TOKENS_IN_BATCH = 512
"""Tokens in a batch; larger batches are no faster."""


class ModelConfig(BaseModel):
    """Configuration of an exported encoder: prompts, and pooling of the token states.

    Attributes
    ----------
    faithful
        Whether its vectors are those of the original encoder; if not, it is not used.
    pooling
        Mean of the states of all tokens, or state of the first.
    weighted
        Whether the states in the mean have a weight for each token of the vocabulary.
    query_prompt, document_prompt
        Text put before each query and each document.
    dimension
        Length of a vector.
    max_tokens
        Maximum number of tokens of a text, without special tokens and the prompt.
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
    """Transformer in CTranslate2 with pooling and a prompt, at first none.

    Batches run in parallel, each on one core: a batch on several cores would take a third more
    processor time.

    Attributes
    ----------
    dimension
        Length of a vector.
    tokenizer
        Tokenizer without truncation and padding.
    """

    def __init__(self, folder: Path, compute_type: str, config: ModelConfig) -> None:
        self.dimension = config.dimension
        self._pooling = config.pooling
        self._weights: Vectors | None = None
        if config.weighted:
            self._weights = np.load(folder / TOKEN_WEIGHTS, allow_pickle=False)
        self._prompt = ""
        self._workers = faiss.omp_get_max_threads()  # what the user allows, or every core
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        truncation = self.tokenizer.truncation
        if truncation is None:
            raise SearchIndexError(f"{folder / TOKENIZER} is damaged: it has no truncation")
        self.tokenizer.no_truncation()
        special = self.tokenizer.num_special_tokens_to_add(False)
        self._most, self._side = truncation["max_length"] - special, truncation["direction"]
        with use_fastest_instructions():
            self._transformer: Any = ctranslate2.Encoder(
                str(folder),
                compute_type=compute_type,
                inter_threads=self._workers,
                intra_threads=1,
            )

    def replace_prompt(self, prompt: str) -> "CTranslate2Model":
        """Return the same model with another prompt; both share their memory."""
        model = copy(self)
        model._prompt = prompt
        return model

    def _tokenize(self, texts: Sequence[str]) -> list[Encoding]:
        """Return the tokens that are read of each text, special tokens included."""
        texts = [self._prompt + text for text in texts]
        encodings = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        for encoding in encodings:
            encoding.truncate(self._most, direction=self._side)
        return [self.tokenizer.post_process(encoding) for encoding in encodings]

    def encode(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None
    ) -> list[Vectors]:
        """Return vectors of each text and its spans, not normalized, (1 + spans, dimension)."""
        encodings = self._tokenize(texts)
        vectors: list[Vectors] = [np.zeros((0, self.dimension), np.float32)] * len(texts)

        def encode_batch(batch: list[int]) -> None:
            output = self._transformer.forward_batch([encodings[text].ids for text in batch])
            for text, states in zip(batch, np.array(output.last_hidden_state), strict=True):
                if self._weights is not None:  # not divided by their sum: rows are normalized later
                    states *= self._weights[encodings[text].ids, None]
                whole = states[:1] if self._pooling == "cls" else states.mean(axis=0)[None]
                vectors[text] = whole
                if spans is not None:
                    offsets = encodings[text].offsets
                    parts = pool_spans(states, offsets, spans[text], len(self._prompt))
                    vectors[text] = np.concatenate([whole, parts])

        batches = [*batch_by_tokens([len(text.ids) for text in encodings], TOKENS_IN_BATCH)]
        if min(self._workers, len(batches)) > 1:
            with ThreadPoolExecutor(self._workers) as pool:
                list(pool.map(encode_batch, batches))
        else:
            for batch in batches:
                encode_batch(batch)
        return vectors
