"""Export of sentence-transformers models to CTranslate2."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer

from corpus_tuner.encoders.ctranslate2_model import (
    CONFIG,
    TOKEN_WEIGHTS,
    TOKENIZER,
    CTranslate2Model,
    ModelConfig,
)
from corpus_tuner.encoders.ctranslate2_runtime import convert_model
from corpus_tuner.encoders.encoder import Vectors, normalize_rows
from corpus_tuner.encoders.torch_model import split_modules

MODEL_TYPES = ("bert", "camembert", "distilbert", "roberta", "xlm-roberta")
"""Values of ``model_type`` in ``config.json`` that are tested."""

_TEST_TEXTS = (
    "",
    "a",
    "How do I get rid of moths in the kitchen?",
    " \tWie hoch ist die Miete für\nein Café in der Königstraße? ",
    "e\u0301 \u00ad \x07 水 🙂 [MASK] </s>",
    "the end of a query that is longer than any encoder reads " * 200,
)
_TOLERANCE = {"float32": 1e-3, "int8": 0.25}
"""Maximum mean distance of unit vectors from those of the original model, by arithmetic."""


def can_export(model: SentenceTransformer, prompts: tuple[str, str]) -> bool:
    """Tell whether a model is a transformer with mean or first-token pooling, and no more."""
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


def export_encoder(
    model: SentenceTransformer,
    compute_type: str,
    prompts: tuple[str, str],
    max_tokens: int,
    encode: Callable[[Sequence[str]], Vectors],
    folder: Path,
) -> None:
    """Write a model into an empty folder in the format of CTranslate2.

    `can_export` must be true for it. If its vectors of some queries differ from those of `encode`,
    which uses the original model, the export is marked as not faithful, so that it is neither used
    nor made again.
    """
    weights, pooling, _ = split_modules(model)
    config = ModelConfig(
        pooling=pooling.pooling_mode,
        weighted=weights is not None,
        query_prompt=prompts[0],
        document_prompt=prompts[1],
        dimension=pooling.embedding_dimension,
        max_tokens=max_tokens,
    )
    # In int8 a model with other positions may be within the tolerance, but not in float32.
    for one in dict.fromkeys(("float32", compute_type)):
        _empty(folder)
        try:
            convert_model(model[0].auto_model, model.tokenizer, folder, one)
            _copy_tokenizer(model).save(str(folder / TOKENIZER))
            if weights is not None:
                values = weights.emb_layer.weight.detach().cpu().numpy()
                np.save(folder / TOKEN_WEIGHTS, values[:, 0].astype(np.float32))
            opened = CTranslate2Model(folder, one, config).replace_prompt(prompts[0])
            found = normalize_rows(np.concatenate(opened.encode(_TEST_TEXTS)), "exported")
            distance = np.linalg.norm(found - encode(_TEST_TEXTS), axis=1).mean()
        except (RuntimeError, ValueError):
            distance = np.inf
        if not distance <= _TOLERANCE[one]:
            config = config.model_copy(update={"faithful": False})
            _empty(folder)
            break
    (folder / CONFIG).write_text(config.model_dump_json(), encoding="utf-8")


def _empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _copy_tokenizer(model: SentenceTransformer) -> Tokenizer:
    """Return the tokenizer with the truncation of the model and without padding."""
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(model.max_seq_length, direction=model.tokenizer.truncation_side)
    return tokenizer
