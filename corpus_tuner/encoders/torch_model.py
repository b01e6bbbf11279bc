"""Any sentence-transformers model, run by PyTorch."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, WordWeights
from sentence_transformers.util import batch_to_device

from corpus_tuner.encoders import Span, Vectors
from corpus_tuner.encoders.batching import batch_by_tokens, batch_similar_lengths
from corpus_tuner.encoders.spans import pool_spans, shift_spans

TOKENS_AT_ONCE = 1024
"""In a pass on a CPU."""


class TorchModel:
    """Reads texts with a prompt, in a precision.

    Parameters
    ----------
    model
        The encoder, in float32.
    prompt
        Put before every text.
    dtype
        Of the transformer's arithmetic: ``float32``, ``bfloat16`` or ``float16``. Its states are
        widened before they are pooled, as a sum of hundreds of them in bfloat16 loses too much.
    batch_size
        Texts in one pass on a GPU.
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
    def read(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None
    ) -> list[Vectors]:
        """Return the vectors of every text and its spans, of any length, (1 + spans, dimension)."""
        model = self._model
        prompted = [self._prompt + text for text in texts]
        encoded = self._tokens(prompted)
        found: list[Vectors] = [np.zeros((0, 0), np.float32)] * len(texts)
        for batch in self._batches([len(tokens) for tokens in encoded["input_ids"]]):
            features = model.preprocess([texts[text] for text in batch], prompt=self._prompt)
            passed = model(batch_to_device(features, model.device))
            own = passed["sentence_embedding"][:, : model.truncate_dim].float().cpu().numpy()
            for row, text in enumerate(batch):
                found[text] = own[row : row + 1]
            if spans is not None:
                states = passed["token_embeddings"].float().cpu().numpy()
                for row, text in enumerate(batch):
                    offsets = encoded["offset_mapping"][text]
                    behind_prompt = shift_spans(spans[text], len(self._prompt))
                    parts = pool_spans(states[row, : len(offsets)], offsets, behind_prompt)
                    found[text] = np.concatenate([found[text], self._finished(parts)])
        return found

    def _tokens(self, texts: Sequence[str]) -> Any:
        tokenizer: Any = self._model.tokenizer
        return tokenizer(
            list(texts),
            truncation=True,
            max_length=self._model.max_seq_length,
            return_offsets_mapping=tokenizer.is_fast,
            verbose=False,
        )

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        if self._model.device.type == "cpu":
            return batch_by_tokens(lengths, TOKENS_AT_ONCE)
        return batch_similar_lengths(lengths, self._batch_size)

    def _finished(self, pooled: Vectors) -> Vectors:
        """Let what follows the pooling do to vectors of spans what it does to those of texts."""
        features: Any = {"sentence_embedding": torch.from_numpy(pooled).to(self._model.device)}
        for module in split_modules(self._model).after:
            features = module(features)
        finished = features["sentence_embedding"][:, : self._model.truncate_dim]
        return np.asarray(finished.float().cpu(), dtype=np.float32)


class Modules(NamedTuple):
    """What follows the transformer.

    Attributes
    ----------
    weights
        What weighs the states of tokens, if anything does.
    pooling
        What makes one vector of them, if anything comes next.
    after
        The others.
    """

    weights: WordWeights | None
    pooling: Any
    after: Sequence[Any]


def split_modules(model: SentenceTransformer) -> Modules:
    """Tell apart what makes vectors of the states of a transformer."""
    behind = list(model)[1:]
    weights = behind.pop(0) if behind and type(behind[0]) is WordWeights else None
    pooling = behind.pop(0) if behind else None
    return Modules(weights, pooling, behind)


def can_pool_spans(model: SentenceTransformer) -> bool:
    """Tell whether the vector of a text is the mean of the states of its tokens, prompt included.

    The states may be weighted. Padding must be on the right: the first ones of a row are those of
    its tokens.
    """
    if not model.tokenizer.is_fast:
        return False
    pooling = split_modules(model).pooling
    return (
        type(pooling) is Pooling
        and pooling.pooling_mode == "mean"
        and pooling.include_prompt
        and model.tokenizer.padding_side == "right"
    )


def _widen(_module: object, _inputs: object, features: dict[str, Any]) -> dict[str, Any]:
    """Let all that follows the transformer compute in float32."""
    hidden = features.get("token_embeddings")
    return features if hidden is None else {**features, "token_embeddings": hidden.float()}
