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

from corpus_tuner.core.network import reach_model
from corpus_tuner.encoders import (
    EncoderModel,
    EncoderSettings,
    Vectors,
    ctranslate2_encoder,
    embedded,
    normalize_rows,
)
from corpus_tuner.encoders.base import BaseEncoder
from corpus_tuner.encoders.ctranslate2_export import export_encoder
from corpus_tuner.encoders.model_weights import (
    describe_loading_error,
    has_fast_bfloat16,
    hash_weights,
    is_loading_error,
)
from corpus_tuner.encoders.token_limits import check_limit, choose_dimension, compute_max_tokens
from corpus_tuner.encoders.torch_model import TorchModel, can_pool_spans
from corpus_tuner.errors import SearchIndexError

USUAL_MAX_TOKENS = 512
"""For models that name no limit of their own, such as T5 with its relative positions."""


class SentenceTransformerEncoder(BaseEncoder):
    """A sentence-transformers model that reads documents in the arithmetic that is fast.

    Documents are many, so their transformer runs in the chosen dtype. Queries are few and every
    score hangs on them: they are always read in float32. On a CPU CTranslate2 reads both, where it
    can run the model and the dtype is float32 or int8; else PyTorch does.
    """

    def __init__(self, settings: EncoderSettings) -> None:
        self.name = settings.name
        self._settings = settings
        self._model = load_model(settings)
        if settings.max_tokens is not None:
            check_limit(self.name, settings.max_tokens, _get_positions(self._model))
            self._model.max_seq_length = settings.max_tokens
        limit = self._model.max_seq_length
        if limit is None or limit > 1_000_000:  # tokenizers say 1e30 for "no limit"
            self._model.max_seq_length = limit = USUAL_MAX_TOKENS
        self.fingerprint = _compute_fingerprint(self._model, settings)
        self._tokenizer: Any = self._model.tokenizer
        own = int(self._model.get_embedding_dimension())
        self.dimension = choose_dimension(self.name, settings.dimensions, own)
        self._query_prompt = self._prompt("query", settings.query_prompt)
        self._document_prompt = self._prompt("document", settings.document_prompt)
        self.pools_spans = can_pool_spans(self._model)
        self.symmetric = self._document_prompt == self._query_prompt
        marks = self._tokenizer.num_special_tokens_to_add(pair=False)
        prompted = self.count_tokens([self._document_prompt])[0] if self._document_prompt else 0
        self.max_tokens = compute_max_tokens(self.name, limit, marks + prompted)

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

    def find_token_ends(self, text: str) -> list[int]:
        """Return the offset in `text`, in characters, at which each of its tokens ends."""
        encoded = self._tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        return [end for _, end in encoded["offset_mapping"]]

    def _prompt(self, role: str, chosen: str | None) -> str:
        """Return the prompt for `role`: the user's, else the model's own, else none."""
        if chosen is not None:
            return chosen
        return get_model_prompt(self._model, role)

    @cached_property
    def query_reader(self) -> EncoderModel:
        """What reads queries: on a CPU CTranslate2, where it can."""
        if self._on_cpu:
            self._convert(ctranslate2_encoder.QUERIES)
            found = ctranslate2_encoder.find_query_encoder(self._settings, self.fingerprint)
            if found:
                return found.query_reader
        return self._reference

    @cached_property
    def document_reader(self) -> EncoderModel:
        """What reads documents: on a CPU CTranslate2, where it can."""
        dtype: str = self._settings.dtype
        compute = ctranslate2_encoder.choose_compute_type(self._settings)
        if compute and self._on_cpu:
            self._convert(ctranslate2_encoder.QUERIES)
            self._convert(compute)
            found = ctranslate2_encoder.find_encoder(self._settings, self.fingerprint)
            if found:
                return found.document_reader
        if dtype == "auto" and has_fast_bfloat16(self._model.device):
            dtype = "bfloat16"
        elif dtype in ("auto", "int8"):  # PyTorch has no int8
            dtype = "float32"
        return TorchModel(self._model, self._document_prompt, dtype, self._settings.batch_size)

    @cached_property
    def _reference(self) -> TorchModel:
        """What reads queries where CTranslate2 does not, and what that is compared with."""
        return TorchModel(self._model, self._query_prompt, "float32", self._settings.batch_size)

    def _encode_by_reference(self, texts: Sequence[str]) -> Vectors:
        """Encode queries as the model does, in all its dimensions."""
        return normalize_rows(np.concatenate(self._reference.read(texts)), self.name)

    @property
    def _on_cpu(self) -> bool:
        return bool(self._model.device.type == "cpu")

    def _convert(self, compute: str) -> None:
        """See that the encoder is in the cache as CTranslate2 reads it, if it can."""
        if ctranslate2_encoder.find_folders(self._settings, self.fingerprint, compute) == [None]:
            with suppress(OSError):  # a cache that cannot be written costs time, and no more
                export_encoder(
                    self._model,
                    self._settings,
                    self.fingerprint,
                    compute,
                    (self._query_prompt, self._document_prompt),
                    self.max_tokens,
                    self._encode_by_reference,
                )


def load_model(settings: EncoderSettings) -> SentenceTransformer:
    """Load the model of an encoder, in float32.

    Raises
    ------
    SearchIndexError
        If it cannot be found, fetched or trusted.
    """
    builtin = settings.name in embedded.NAMES
    name = str(embedded.get_folder(settings.name)) if builtin else settings.name
    disable_progress_bar()  # "Loading weights": a moment's work, and not ours to show
    try:
        reach_model(name, settings.revision)
        model = SentenceTransformer(
            name,
            revision=settings.revision,
            device=None if settings.device == "auto" else settings.device,
            trust_remote_code=settings.trust_remote_code,
            local_files_only=builtin,
            model_kwargs={"dtype": torch.float32},
        )
    except Exception as error:
        if not is_loading_error(error):
            raise
        raise SearchIndexError(
            f"cannot load the encoder {settings.name!r}: {describe_loading_error(error)}. "
            "Give a folder that holds a sentence-transformers model, or the name of one on the "
            "Hugging Face hub (this needs a network the first time)"
        ) from error
    model.eval()
    return model


def get_model_prompt(model: SentenceTransformer, role: str) -> str:
    """Return what a model itself asks for in front of a ``query`` or ``document``, if anything."""
    own: dict[str, str] = model.prompts or {}
    names = (role, "passage", "corpus") if role == "document" else (role,)
    return next((own[name] for name in names if own.get(name)), "")


def _get_positions(model: SentenceTransformer) -> int | None:
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return getattr(config, "max_position_embeddings", None)


def _compute_fingerprint(model: SentenceTransformer, settings: EncoderSettings) -> str:
    """Hash all that decides a vector: weights, layers, tokens, limit, prompts."""
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
