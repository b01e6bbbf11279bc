"""Any sentence-transformers model as an encoder."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers.utils.logging import disable_progress_bar

from corpus_tuner.indexes.encoders import (
    EncoderSettings,
    QueryEncoder,
    Reader,
    Span,
    Vectors,
    embedded,
    fast,
    unit_rows,
)
from corpus_tuner.indexes.encoders.converting import convert_encoder
from corpus_tuner.indexes.encoders.torch_reader import TorchReader, pools_spans
from corpus_tuner.indexes.encoders.weights import fast_bfloat16, hash_weights
from corpus_tuner.indexes.errors import SearchIndexError

USUAL_MAX_TOKENS = 512
"""For models that name no limit of their own, such as T5 with its relative positions."""


class TransformerEncoder:
    """A sentence-transformers model that reads documents in the arithmetic that is fast.

    Documents are many, so their transformer runs in the chosen dtype. Queries are few and every
    score hangs on them: they are always read in float32. On a CPU CTranslate2 reads both, where it
    can run the model and the dtype is float32 or int8; else PyTorch does.
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
        self.pools_spans = pools_spans(self._model)
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
        if self._fast is not None:
            return self._fast.encode_queries(texts)
        return self._encode_queries(texts)

    def _unit(self, found: Sequence[Vectors]) -> Vectors:
        none = np.zeros((0, self.dimension), np.float32)
        return unit_rows(np.concatenate(found), self.name) if found else none

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, marks and prompts not counted."""
        if not texts:
            return []
        if self._counter is not None:
            counted = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
            return [len(encoding.ids) for encoding in counted]
        encoded = self._tokenizer(
            list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False
        )
        return [len(tokens) for tokens in encoded["input_ids"]]

    @cached_property
    def _counter(self) -> Tokenizer | None:
        """The tokenizer without what is done around it, and safe to use from several threads."""
        if not self._tokenizer.is_fast:
            return None
        counter = Tokenizer.from_str(self._tokenizer.backend_tokenizer.to_str())
        counter.no_truncation()
        counter.no_padding()
        return counter

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
        if not self._on_cpu:
            return None
        self._convert("float32")
        return fast.find(self._settings, self.fingerprint)

    def _encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._unit(self._query_reader.read(texts) if texts else [])

    @cached_property
    def _query_reader(self) -> TorchReader:
        prompt = self._prompt("query", self._settings.query_prompt)
        return TorchReader(self._model, prompt, "float32", self._settings.batch_size)

    @cached_property
    def _document_reader(self) -> Reader:
        """What reads documents; searching never needs it."""
        prompt = self._prompt("document", self._settings.document_prompt)
        dtype: str = self._settings.dtype
        if dtype == "auto":
            usual = "int8" if self._on_cpu else "float32"
            dtype = "bfloat16" if fast_bfloat16(self._model.device) else usual
        if dtype in ("float32", "int8") and self._on_cpu:
            self._convert(dtype)
            workers = torch.get_num_threads()
            found = fast.find_reader(self._settings, self.fingerprint, dtype, prompt, workers)
            if found:
                return found
        if dtype == "int8":  # which PyTorch has not
            dtype = "float32"
        return TorchReader(self._model, prompt, dtype, self._settings.batch_size)

    @property
    def _on_cpu(self) -> bool:
        return bool(self._model.device.type == "cpu")

    def _convert(self, compute: str) -> None:
        """See that the encoder is in the cache as CTranslate2 reads it, if it can."""
        if fast.find_folder(self._settings, self.fingerprint, compute) is None:
            prompt = self._prompt("query", self._settings.query_prompt)
            with suppress(OSError):  # a cache that cannot be written costs time, and no more
                convert_encoder(
                    self._model,
                    self.name,
                    self.fingerprint,
                    compute,
                    prompt,
                    self._encode_queries,
                )


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
