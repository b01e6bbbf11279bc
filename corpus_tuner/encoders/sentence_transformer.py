"""Encoders of sentence-transformers models."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property, partial

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers.utils.logging import disable_progress_bar

from corpus_tuner.core.cache import ensure_cached
from corpus_tuner.core.network import reach_model
from corpus_tuner.encoders import ctranslate2_encoder, embedded
from corpus_tuner.encoders.ctranslate2_encoder import CTranslate2Encoder
from corpus_tuner.encoders.ctranslate2_export import can_export, export_encoder
from corpus_tuner.encoders.encoder import (
    Encoder,
    EncoderModel,
    EncoderSettings,
    Vectors,
    check_max_tokens,
    choose_dimension,
    compute_max_tokens,
    normalize_rows,
)
from corpus_tuner.encoders.model_weights import (
    describe_loading_error,
    has_fast_bfloat16,
    hash_weights,
    is_loading_error,
)
from corpus_tuner.encoders.torch_model import TorchModel, can_pool_spans
from corpus_tuner.errors import SearchIndexError

DEFAULT_MAX_TOKENS = 512
"""Limit of models that name none, such as T5 with its relative positions."""


class SentenceTransformerEncoder(Encoder):
    """Encoder of a sentence-transformers model.

    On a CPU CTranslate2 encodes queries and documents with one model, if it can run it and the
    dtype is float32 or int8. Otherwise PyTorch encodes documents in the chosen dtype and queries in
    float32.
    """

    def __init__(self, settings: EncoderSettings) -> None:
        self.name = settings.name
        self._settings = settings
        self._model = load_model(settings)
        config = getattr(getattr(self._model[0], "auto_model", None), "config", None)
        check_max_tokens(settings, getattr(config, "max_position_embeddings", None))
        if settings.max_tokens is not None:
            self._model.max_seq_length = settings.max_tokens
        limit = self._model.max_seq_length
        if limit is None or limit > 1_000_000:  # tokenizers say 1e30 for "no limit"
            self._model.max_seq_length = limit = DEFAULT_MAX_TOKENS
        self.fingerprint = _compute_fingerprint(self._model, settings)
        self.dimension = choose_dimension(settings, int(self._model.get_embedding_dimension()))
        query_prompt, document_prompt = settings.query_prompt, settings.document_prompt
        if query_prompt is None:
            query_prompt = get_model_prompt(self._model, "query")
        if document_prompt is None:
            document_prompt = get_model_prompt(self._model, "document")
        self._prompts = query_prompt, document_prompt
        self.pools_spans = can_pool_spans(self._model)
        special = self._model.tokenizer.num_special_tokens_to_add(pair=False)
        prompt_tokens = self.count_tokens([document_prompt])[0] if document_prompt else 0
        self.max_tokens = compute_max_tokens(self.name, limit, special + prompt_tokens)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer without truncation and padding, safe to use from several threads."""
        tokenizer = Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and the prompt."""
        if self._model.tokenizer.is_fast or not texts:
            return super().count_tokens(texts) if texts else []
        encoded = self._model.tokenizer(
            list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False
        )
        return [len(tokens) for tokens in encoded["input_ids"]]

    @cached_property
    def _exported(self) -> CTranslate2Encoder | None:
        """Encoder in CTranslate2, exported if it can be."""
        if self._model.device.type != "cpu":
            return None
        self._export(ctranslate2_encoder.choose_query_type(self._settings))
        return ctranslate2_encoder.find_query_encoder(self._settings, self.fingerprint)

    @cached_property
    def query_model(self) -> EncoderModel:
        """Model that encodes queries."""
        return self._exported.query_model if self._exported else self._reference

    @cached_property
    def document_model(self) -> EncoderModel:
        """Model that encodes documents."""
        dtype: str = self._settings.dtype
        if self._exported and ctranslate2_encoder.choose_compute_type(self._settings):
            return self._exported.document_model
        if dtype == "auto" and has_fast_bfloat16(self._model.device):
            dtype = "bfloat16"
        elif dtype in ("auto", "int8"):  # PyTorch has no int8
            dtype = "float32"
        return TorchModel(self._model, self._prompts[1], dtype, self._settings.batch_size)

    @cached_property
    def _reference(self) -> TorchModel:
        """Model of queries in PyTorch, with which exports are compared."""
        return TorchModel(self._model, self._prompts[0], "float32", self._settings.batch_size)

    def _encode_reference(self, texts: Sequence[str]) -> Vectors:
        """Encode queries by PyTorch, in all dimensions."""
        return normalize_rows(np.concatenate(self._reference.encode(texts)), self.name)

    def _export(self, compute_type: str) -> None:
        """Export the model to CTranslate2 unless it is in the cache, if it can be exported."""
        folder = ctranslate2_encoder.find_folder(self._settings, self.fingerprint, compute_type)
        if folder or not can_export(self._model, self._prompts):
            return
        export = partial(
            export_encoder,
            self._model,
            compute_type,
            self._prompts,
            self.max_tokens,
            self._encode_reference,
        )
        name = ctranslate2_encoder.get_export_name(self.name, self.fingerprint, compute_type)
        with suppress(OSError):  # a cache that cannot be written costs time, and no more
            ensure_cached(name, export)


def load_model(settings: EncoderSettings) -> SentenceTransformer:
    """Load the model of an encoder, in float32.

    Raises
    ------
    SearchIndexError
        If it cannot be found, fetched or trusted.
    """
    is_embedded = settings.name in embedded.NAMES
    name = str(embedded.get_folder(settings.name)) if is_embedded else settings.name
    disable_progress_bar()
    try:
        reach_model(name, settings.revision)
        model = SentenceTransformer(
            name,
            revision=settings.revision,
            device=None if settings.device == "auto" else settings.device,
            trust_remote_code=settings.trust_remote_code,
            local_files_only=is_embedded,
            model_kwargs={"dtype": torch.float32},
        )
    except Exception as error:
        if not is_loading_error(error):
            raise
        raise SearchIndexError(
            f"cannot load the encoder {settings.name!r}: {describe_loading_error(error)}. "
            "Give the folder of a sentence-transformers model, or the name of one on the "
            "Hugging Face hub (this needs a network the first time)"
        ) from error
    model.eval()
    return model


def get_model_prompt(model: SentenceTransformer, role: str) -> str:
    """Return the prompt of a model for a ``query`` or a ``document``, "" if it has none."""
    prompts: dict[str, str] = model.prompts or {}
    names = (role, "passage", "corpus") if role == "document" else (role,)
    return next((prompts[name] for name in names if prompts.get(name)), "")


def _compute_fingerprint(model: SentenceTransformer, settings: EncoderSettings) -> str:
    """Return a hash of everything that decides a vector: weights, layers, tokens, prompts."""
    if settings.name in embedded.NAMES:
        return embedded.compute_fingerprint(settings)
    digest = hashlib.sha256(hash_weights(model).encode())
    layers = [*model, getattr(model[0], "auto_model", None)]
    digest.update(repr([type(layer).__name__ for layer in layers]).encode())
    for module in list(model)[1:]:
        if hasattr(module, "get_config_dict"):
            digest.update(repr(sorted(module.get_config_dict().items())).encode())
    digest.update(repr(sorted(model.tokenizer.get_vocab().items())).encode())
    prompts = (settings.query_prompt, settings.document_prompt, sorted(model.prompts.items()))
    digest.update(repr((model.max_seq_length, prompts)).encode())
    if settings.dimensions is not None:
        digest.update(f"dimensions {settings.dimensions}".encode())
    return digest.hexdigest()
