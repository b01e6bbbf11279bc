"""Any sentence-transformers model as an encoder."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device
from transformers.utils.logging import disable_progress_bar

from corpus_tuner.indexes.encoders import (
    EncoderSettings,
    QueryEncoder,
    Vectors,
    embedded,
    fast,
    unit_rows,
)
from corpus_tuner.indexes.encoders.converting import convert_for_queries
from corpus_tuner.indexes.encoders.weights import fast_bfloat16, hash_weights
from corpus_tuner.indexes.errors import SearchIndexError

USUAL_MAX_TOKENS = 512
"""For models that name no limit of their own, such as T5 with its relative positions."""

_STRETCH, _SLACK = 1.3, 80  # characters: texts so much longer than a batch's shortest start another


class TransformerEncoder:
    """A sentence-transformers model that reads documents in bfloat16 where that is fast.

    Documents are many, so their transformer runs in the chosen dtype; its hidden states are
    widened before they are pooled, as a sum of hundreds of them in bfloat16 loses too much.
    Queries are few and every score hangs on them: they are always read in float32, by
    CTranslate2 where it can, and so are documents in float32 that are read as queries are.
    """

    def __init__(self, settings: EncoderSettings) -> None:
        self.name = settings.name
        self._settings = settings
        self._model = _load(settings)
        if settings.max_tokens is not None:
            _check_limit(self._model, settings)
            self._model.max_seq_length = settings.max_tokens
        limit = self._model.max_seq_length
        if limit is None or limit > 1_000_000:  # tokenizers say 1e30 for "no limit"
            self._model.max_seq_length = limit = USUAL_MAX_TOKENS
        self.fingerprint = _fingerprint(self._model, settings)
        self._tokenizer: Any = self._model.tokenizer
        self.dimension = int(self._model.get_embedding_dimension())
        prompt = self._prompt("document", settings.document_prompt)
        self.symmetric = prompt == self._prompt("query", settings.query_prompt)
        marks = self._tokenizer.num_special_tokens_to_add(pair=False)
        self.max_tokens = limit - marks - (self.count_tokens([prompt])[0] if prompt else 0)
        if self.max_tokens < 8:
            raise SearchIndexError(
                f"encoder {self.name!r} would read only {self.max_tokens} tokens of a document: "
                "raise encoder.max_tokens or shorten encoder.document_prompt"
            )

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts that stand for documents; shape (texts, dimension), unit rows."""
        prompt = self._prompt("document", self._settings.document_prompt)
        return self._encode(self._document_model, texts, prompt, self._settings.batch_size)

    def encode_groups(self, groups: Sequence[Sequence[str]]) -> list[Vectors]:
        """Encode texts that stand for documents, group by group."""
        if self._model.device.type == "cpu":
            return [self._encode_group(group) for group in groups]
        if not groups:  # of nothing, np.split would make one part
            return []
        vectors = self.encode_documents([text for group in groups for text in group])
        return np.split(vectors, np.cumsum([len(group) for group in groups])[:-1])

    def _encode_group(self, texts: Sequence[str]) -> Vectors:
        """Encode texts in batches of like length, so that little is padded."""
        prompt = self._prompt("document", self._settings.document_prompt)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in _alike(texts, self._settings.batch_size):
            alike = [texts[position] for position in batch]
            if self._same_as_queries:
                vectors[batch] = self.encode_queries(alike)
            else:
                vectors[batch] = _encode_one_batch(self._document_model, alike, prompt)
        return unit_rows(vectors, self.name) if len(texts) else vectors

    @cached_property
    def _same_as_queries(self) -> bool:
        """Whether documents are read as queries are, which CTranslate2 does in less time."""
        exact = self._document_model is self._model  # float32
        return exact and self.symmetric and self._fast is not None

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode queries; shape (texts, dimension), unit rows."""
        if self._fast is not None:
            return self._fast.encode_queries(texts)
        return self._encode_queries(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, marks and prompts not counted."""
        if not texts:
            return []
        encoded = self._tokenizer(
            list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False
        )
        return [len(tokens) for tokens in encoded["input_ids"]]

    def token_ends(self, text: str) -> list[int]:
        """Return the offset in `text`, in characters, at which each of its tokens ends."""
        encoded = self._tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        return [end for _, end in encoded["offset_mapping"]]

    def _prompt(self, role: str, chosen: str | None) -> str:
        """Return the prompt for `role`: the user's, else the model's own, else none."""
        if chosen is not None:
            return chosen
        own: dict[str, str] = self._model.prompts or {}
        names = (role, "passage", "corpus") if role == "document" else (role,)
        return next((own[name] for name in names if own.get(name)), "")

    @cached_property
    def _fast(self) -> QueryEncoder | None:
        """The same encoder as CTranslate2 runs it on a CPU, as it does for `fast.find`."""
        if self._model.device.type != "cpu":
            return None
        found = fast.find(self._settings, self.fingerprint)
        if found is None:
            with suppress(OSError):  # a cache that cannot be written costs time, and no more
                prompt = self._prompt("query", self._settings.query_prompt)
                convert_for_queries(
                    self._model, self.name, self.fingerprint, prompt, self._encode_queries
                )
                found = fast.find(self._settings, self.fingerprint)
        return found

    def _encode_queries(self, texts: Sequence[str]) -> Vectors:
        prompt = self._prompt("query", self._settings.query_prompt)
        size = min(self._settings.batch_size, fast.QUERIES_AT_ONCE)
        return self._encode(self._model, texts, prompt, size)

    @cached_property
    def _document_model(self) -> SentenceTransformer:
        """The model with its transformer in the chosen dtype; searching never needs it."""
        dtype = self._settings.dtype
        if dtype == "auto":
            dtype = "bfloat16" if fast_bfloat16(self._model.device) else "float32"
        if dtype == "float32":
            return self._model
        transformer, *rest = self._model
        transformer = deepcopy(transformer).to(getattr(torch, dtype))
        transformer.register_forward_hook(_widen)
        return SentenceTransformer(modules=[transformer, *rest], device=str(self._model.device))

    def _encode(
        self, model: SentenceTransformer, texts: Sequence[str], prompt: str, size: int
    ) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        if len(texts) <= size:
            vectors = _encode_one_batch(model, texts, prompt)
        else:
            vectors = model.encode(
                list(texts),
                prompt=prompt,
                batch_size=size,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return unit_rows(vectors, self.name)


def _alike(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """Yield the positions of texts in batches; one ends where the next text is much longer."""
    order = sorted(range(len(texts)), key=lambda position: (len(texts[position]), position))
    batch: list[int] = []
    for position in order:
        shortest = len(texts[batch[0]]) if batch else 0
        much_longer = len(texts[position]) > _STRETCH * shortest + _SLACK
        if batch and (much_longer or len(batch) == size):
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


@torch.inference_mode()
def _encode_one_batch(model: SentenceTransformer, texts: Sequence[str], prompt: str) -> Vectors:
    """Do what `SentenceTransformer.encode` does, without its walks through all the modules."""
    features = model.preprocess(list(texts), prompt=prompt)
    vectors = model(batch_to_device(features, model.device))["sentence_embedding"]
    found: Vectors = vectors[:, : model.truncate_dim].float().cpu().numpy()
    return found


def _load(settings: EncoderSettings) -> SentenceTransformer:
    builtin = settings.name == "builtin"
    name = str(embedded.folder()) if builtin else settings.name
    disable_progress_bar()  # "Loading weights": a moment's work, and not ours to show
    try:
        model = SentenceTransformer(
            name,
            revision=settings.revision,
            device=None if settings.device == "auto" else settings.device,
            trust_remote_code=settings.trust_remote_code,
            local_files_only=builtin,
            model_kwargs={"dtype": torch.float32},
        )
    except (AssertionError, OSError, ValueError, RuntimeError, ImportError) as error:
        reason = str(error).strip().splitlines()
        raise SearchIndexError(
            f"cannot load the encoder {settings.name!r}: {reason[0] if reason else error!r}. "
            "Give a folder that holds a sentence-transformers model, or the name of one on the "
            "Hugging Face hub (this needs a network the first time)"
        ) from error
    model.eval()
    return model


def _check_limit(model: SentenceTransformer, settings: EncoderSettings) -> None:
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and settings.max_tokens and settings.max_tokens > positions:
        raise SearchIndexError(
            f"encoder {settings.name!r} has {positions} positions: encoder.max_tokens may be at "
            f"most that, not {settings.max_tokens}"
        )


def _fingerprint(model: SentenceTransformer, settings: EncoderSettings) -> str:
    """Hash all that decides a vector: weights, layers, tokens, limit, prompts."""
    digest = hashlib.sha256(hash_weights(model).encode())
    layers = [*model, getattr(model[0], "auto_model", None)]
    digest.update(repr([type(layer).__name__ for layer in layers]).encode())
    for module in list(model)[1:]:
        if hasattr(module, "get_config_dict"):
            digest.update(repr(sorted(module.get_config_dict().items())).encode())
    digest.update(repr(sorted(model.tokenizer.get_vocab().items())).encode())
    prompts = (settings.query_prompt, settings.document_prompt, sorted(model.prompts.items()))
    digest.update(repr((model.max_seq_length, prompts)).encode())
    return digest.hexdigest()


def _widen(_module: object, _inputs: object, features: dict[str, Any]) -> dict[str, Any]:
    """Let all that follows the transformer compute in float32."""
    hidden = features.get("token_embeddings")
    return features if hidden is None else {**features, "token_embeddings": hidden.float()}
