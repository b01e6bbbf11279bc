"""Encoder models run by PyTorch."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, WordWeights
from sentence_transformers.util import batch_to_device

from corpus_tuner.encoders.batching import batch_by_tokens, batch_similar_lengths
from corpus_tuner.encoders.encoder import Span, Vectors
from corpus_tuner.encoders.spans import pool_spans

TOKENS_IN_BATCH = 1024
"""Tokens in a batch on a CPU."""


class TorchModel:
    """Sentence-transformers model with a prompt and a precision.

    Parameters
    ----------
    model
        Model in float32.
    prompt
        Text put before each text.
    dtype
        Arithmetic of the transformer: ``float32``, ``bfloat16`` or ``float16``. Its states are
        converted to float32 before they are pooled, since sums in bfloat16 lose too much.
    batch_size
        Number of texts in a batch on a GPU.
    """

    def __init__(
        self, model: SentenceTransformer, prompt: str, dtype: str, batch_size: int
    ) -> None:
        self._model = model
        if dtype != "float32":
            transformer, *rest = model
            transformer = deepcopy(transformer).to(getattr(torch, dtype))
            transformer.register_forward_hook(_widen)
            self._model = SentenceTransformer(
                modules=[transformer, *rest], device=str(model.device)
            )
        self._prompt = prompt
        self._batch_size = batch_size

    @torch.inference_mode()
    def encode(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None
    ) -> list[Vectors]:
        """Return vectors of each text and its spans, not normalized, (1 + spans, dimension)."""
        model = self._model
        prompted = [self._prompt + text for text in texts]
        encoded = self._tokenize(prompted)
        vectors: list[Vectors] = [np.zeros((0, 0), np.float32)] * len(texts)
        for batch in self._make_batches([len(tokens) for tokens in encoded["input_ids"]]):
            features = model.preprocess([texts[text] for text in batch], prompt=self._prompt)
            output = model(batch_to_device(features, model.device))
            whole = output["sentence_embedding"][:, : model.truncate_dim].float().cpu().numpy()
            for row, text in enumerate(batch):
                vectors[text] = whole[row : row + 1]
            if spans is not None:
                states = output["token_embeddings"].float().cpu().numpy()
                for row, text in enumerate(batch):
                    offsets = encoded["offset_mapping"][text]
                    tokens = states[row, : len(offsets)]
                    parts = pool_spans(tokens, offsets, spans[text], len(self._prompt))
                    vectors[text] = np.concatenate([vectors[text], self._finish(parts)])
        return vectors

    def _tokenize(self, texts: Sequence[str]) -> Any:
        tokenizer: Any = self._model.tokenizer
        return tokenizer(
            list(texts),
            truncation=True,
            max_length=self._model.max_seq_length,
            return_offsets_mapping=tokenizer.is_fast,
            verbose=False,
        )

    def _make_batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        if self._model.device.type == "cpu":
            return batch_by_tokens(lengths, TOKENS_IN_BATCH)
        return batch_similar_lengths(lengths, self._batch_size)

    def _finish(self, pooled: Vectors) -> Vectors:
        """Apply the modules after the pooling to vectors of spans."""
        features: Any = {"sentence_embedding": torch.from_numpy(pooled).to(self._model.device)}
        for module in split_modules(self._model)[2]:
            features = module(features)
        finished = features["sentence_embedding"][:, : self._model.truncate_dim]
        return np.asarray(finished.float().cpu(), dtype=np.float32)


def split_modules(model: SentenceTransformer) -> tuple[WordWeights | None, Any, Sequence[Any]]:
    """Return the modules after the transformer: token weights, if any, pooling, and others."""
    modules = list(model)[1:]
    weights = modules.pop(0) if modules and type(modules[0]) is WordWeights else None
    pooling = modules.pop(0) if modules else None
    return weights, pooling, modules


def can_pool_spans(model: SentenceTransformer) -> bool:
    """Tell whether the vector of a text is the mean, maybe weighted, of all its token states.

    Padding must be on the right, so that the first states of a row are those of its tokens.
    """
    if not model.tokenizer.is_fast:
        return False
    _, pooling, _ = split_modules(model)
    return (
        type(pooling) is Pooling
        and pooling.pooling_mode == "mean"
        and pooling.include_prompt
        and model.tokenizer.padding_side == "right"
    )


def _widen(_module: object, _inputs: object, features: dict[str, Any]) -> dict[str, Any]:
    """Convert token states to float32."""
    hidden = features.get("token_embeddings")
    return features if hidden is None else {**features, "token_embeddings": hidden.float()}
