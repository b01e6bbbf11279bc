"""Make of an encoder of sentence-transformers what `encoders.ctranslate2_encoder` reads with."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer

from corpus_tuner.core.cache import ensure_cached
from corpus_tuner.encoders import EncoderSettings, Vectors, normalize_rows
from corpus_tuner.encoders.ctranslate2_encoder import get_encoder_cache_name
from corpus_tuner.encoders.ctranslate2_model import (
    CONFIG,
    TOKEN_WEIGHTS,
    TOKENIZER,
    CTranslate2Model,
    ModelConfig,
)
from corpus_tuner.encoders.ctranslate2_runtime import convert_model
from corpus_tuner.encoders.torch_model import split_modules

MODEL_TYPES = ("bert", "camembert", "distilbert", "roberta", "xlm-roberta")
"""As ``config.json`` names them: those that are tested here."""

_TEST_TEXTS = (
    "",
    "a",
    "How do I get rid of moths in the kitchen?",
    " \tWie hoch ist die Miete für\nein Café in der Königstraße? ",
    "e\u0301 \u00ad \x07 水 🙂 [MASK] </s>",
    "the end of a query that is longer than any encoder reads " * 200,
)
_TOLERANCE = {"float32": 1e-3, "int8": 0.25}
"""How far unit vectors may be from what they should be on average, by the arithmetic."""


def export_encoder(
    model: SentenceTransformer,
    settings: EncoderSettings,
    fingerprint: str,
    compute: str,
    prompts: tuple[str, str],
    max_tokens: int,
    encode: Callable[[Sequence[str]], Vectors],
) -> None:
    """Put an encoder into the cache as CTranslate2 reads it, if it can.

    Parameters
    ----------
    model, settings, fingerprint
        The encoder.
    compute
        ``float32`` or ``int8``.
    prompts
        Put before every query and before every document.
    max_tokens
        The longest text that is read whole.
    encode
        Encodes queries as they should be. Some are read by both: if their vectors differ, the new
        form is marked as not faithful, so that it is neither used nor made again.
    """
    if not _can_export(model, prompts):
        return
    transformer = model[0]
    weights, pooling, _ = split_modules(model)
    for_queries, for_documents = prompts

    def make(folder: Path) -> None:
        reading = ModelConfig(
            pooling=pooling.pooling_mode,
            weighted=weights is not None,
            query_prompt=for_queries,
            document_prompt=for_documents,
            dimension=pooling.embedding_dimension,
            max_tokens=max_tokens,
        )
        try:
            convert_model(transformer.auto_model, model.tokenizer, folder, compute)
            _copy_tokenizer(model).save(str(folder / TOKENIZER))
            if weights is not None:
                own = weights.emb_layer.weight.detach().cpu().numpy()
                np.save(folder / TOKEN_WEIGHTS, own[:, 0].astype(np.float32))
            found = CTranslate2Model(folder, compute, reading, for_queries).read(_TEST_TEXTS)
            away = normalize_rows(np.concatenate(found), settings.name) - encode(_TEST_TEXTS)
            difference = np.linalg.norm(away, axis=1).mean()
        except (RuntimeError, ValueError):
            difference = np.inf
        if not difference <= _TOLERANCE[compute]:
            reading = reading.model_copy(update={"faithful": False})
            for file in folder.iterdir():
                file.unlink()
        (folder / CONFIG).write_text(reading.model_dump_json(), encoding="utf-8")

    ensure_cached(get_encoder_cache_name(settings.name, fingerprint, compute), make)


def _can_export(model: SentenceTransformer, prompts: tuple[str, str]) -> bool:
    """Tell whether it is a transformer, a mean or first vector of what that gives, and no more."""
    transformer = model[0]
    weights, pooling, rest = split_modules(model)
    return (
        type(transformer) is Transformer
        and transformer.auto_model.config.model_type in MODEL_TYPES
        and type(pooling) is Pooling
        and pooling.pooling_mode in (("mean", "cls") if weights is None else ("mean",))
        and (pooling.include_prompt or not any(prompts))
        and all(type(module) is Normalize for module in rest)
        and model.truncate_dim is None
        and hasattr(model.tokenizer, "backend_tokenizer")
    )


def _copy_tokenizer(model: SentenceTransformer) -> Tokenizer:
    """Return the tokenizer as it is when it reads a query, but without padding."""
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(model.max_seq_length, direction=model.tokenizer.truncation_side)
    return tokenizer
