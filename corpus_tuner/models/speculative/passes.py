"""Passes of an encoder-decoder of transformers over a tree: tree attention.

The source is read once. All nodes stand in one row, whichever beam they are of: each attends to
those before it in its own text, at the position that it has there (Miao et al., arXiv 2305.09781).
So beams share what they wrote alike, and the attention to the source is kept once for all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache, EncoderDecoderCache, NoRepeatNGramLogitsProcessor

from corpus_tuner.models.speculative.tree import Floats, Tree
from corpus_tuner.models.writing import Decoding

MODEL_TYPES = ("bart", "mt5", "t5")
"""As ``config.json`` names them: those whose positions can be set here."""


class TreePasses:
    """What a model reads and has read in answer to one request.

    Parameters
    ----------
    model
        Of transformers, of one of `MODEL_TYPES`.
    source
        What it reads, as token ids.
    decoding
        Its temperature, `top_k`, `top_p` and `no_repeat_ngram` shape what follows a node.
    """

    def __init__(self, model: Any, source: Sequence[int], decoding: Decoding) -> None:
        self._model = model
        self._decoding = decoding
        tokens = torch.tensor([list(source)], device=model.device)
        self._mask = torch.ones_like(tokens)
        self._source = model.get_encoder()(tokens, attention_mask=self._mask)
        self._cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        self._held: list[int] = []  # nodes, in the order of the cache
        self._logs: dict[int, Floats] = {}

    def read(self, tree: Tree, nodes: Sequence[int]) -> Floats:
        """Return what follows nodes, as log-probabilities, shape (nodes, vocabulary)."""
        wanted = {step for node in nodes if node not in self._logs for step in tree.path(node)}
        new = sorted(wanted.difference(self._held))
        if new:
            logits = self._pass(tree, new)
            for node, logs in zip(new, self._log_probabilities(tree, new, logits), strict=True):
                self._logs[node] = logs
        return np.stack([self._logs[node] for node in nodes])

    def keep(self, tree: Tree, nodes: Sequence[int]) -> None:
        """Forget all but `nodes` and those before them."""
        living = {step for node in nodes for step in tree.path(node)}
        kept = [column for column, node in enumerate(self._held) if node in living]
        if len(kept) < len(self._held):
            rows = torch.tensor(kept, device=self._model.device)
            for layer in self._cache.self_attention_cache.layers:
                layer.keys = layer.keys.index_select(2, rows)
                layer.values = layer.values.index_select(2, rows)
            self._held = [self._held[column] for column in kept]
        self._logs = {node: self._logs[node] for node in nodes if node in self._logs}

    def _pass(self, tree: Tree, new: list[int]) -> torch.Tensor:
        """Return the logits after new nodes, shape (nodes, vocabulary)."""
        device, dtype = self._model.device, self._model.dtype
        self._held += new
        columns = {node: column for column, node in enumerate(self._held)}
        mask = torch.full((len(new), len(self._held)), torch.finfo(dtype).min, dtype=dtype)
        for row, node in enumerate(new):
            mask[row, [columns[step] for step in tree.path(node)]] = 0
        depths = torch.tensor([tree.depths[node] for node in self._held], device=device)
        with _positions(self._model, depths[-len(new) :], depths):
            read = self._model(
                encoder_outputs=self._source,
                attention_mask=self._mask,
                decoder_input_ids=torch.tensor(
                    [[tree.tokens[node] for node in new]], device=device
                ),
                decoder_attention_mask=mask[None, None].to(device),
                past_key_values=self._cache,
                use_cache=True,
            )
        logits: torch.Tensor = read.logits[0]
        return logits

    def _log_probabilities(self, tree: Tree, nodes: list[int], logits: torch.Tensor) -> Floats:
        """Return what the decoding makes of logits, as `generate` would."""
        decoding = self._decoding
        scores = logits.float()
        if decoding.no_repeat_ngram:
            rule = NoRepeatNGramLogitsProcessor(decoding.no_repeat_ngram)
            for row, node in enumerate(nodes):
                path = [tree.tokens[step] for step in tree.path(node)]
                text = torch.tensor([path], device=scores.device)
                scores[row] = rule(text, scores[row : row + 1])[0]
        vocabulary = scores.shape[1]
        top, tokens = scores.topk(min(decoding.top_k or vocabulary, vocabulary))
        top = (top / decoding.temperature).log_softmax(dim=1)
        if decoding.top_p < 1:
            likelier = top.exp().cumsum(dim=1) - top.exp()  # than each, summed
            likelier[:, 0] = 0
            top = top.masked_fill(likelier >= decoding.top_p, -torch.inf).log_softmax(dim=1)
        logs = torch.full_like(scores, -torch.inf).scatter_(1, tokens, top)
        found: Floats = logs.cpu().numpy()
        return found


@contextmanager
def _positions(model: Any, new: torch.Tensor, all_of_them: torch.Tensor) -> Iterator[None]:
    """Let the decoder see nodes at their depths, not at their places in the row.

    Parameters
    ----------
    new, all_of_them
        Depths of the nodes that are read, and of these after those that were read before.
    """
    module, hook = _position_hook(model, new, all_of_them)
    handle = module.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _position_hook(
    model: Any, new: torch.Tensor, all_of_them: torch.Tensor
) -> tuple[torch.nn.Module, Callable[..., Any]]:
    """Return the module that looks positions up, and what gives it others."""
    decoder = model.get_decoder()
    if model.config.model_type == "bart":  # a vector for each
        return decoder.embed_positions, lambda _, given, named: (
            given,
            named | {"position_ids": new},
        )
    attention = decoder.block[0].layer[0].SelfAttention  # T5: a bias for every distance
    buckets = attention._relative_position_bucket(
        all_of_them[None, :] - new[:, None],
        bidirectional=False,
        num_buckets=attention.relative_attention_num_buckets,
        max_distance=attention.relative_attention_max_distance,
    )
    return attention.relative_attention_bias, lambda *_: ((buckets,), {})
