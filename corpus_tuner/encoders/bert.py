"""Export of a BERT to the format of CTranslate2, from its published files and without PyTorch.

Source of the layers: Devlin et al., "BERT", arXiv 1810.04805.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ctranslate2 import specs
from ctranslate2.specs.common_spec import Activation, EmbeddingsMerge, LayerNormSpec, LinearSpec
from safetensors.numpy import load_file

Weights = dict[str, npt.NDArray[np.float32]]


def export_bert(model: Path, vocabulary: list[str], folder: Path, compute_type: str) -> None:
    """Write a BERT into an empty folder in the format of CTranslate2.

    `model` is a folder with ``config.json`` and ``model.safetensors``; `vocabulary` has the tokens
    in the order of their ids.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    weights: Weights = load_file(model / "model.safetensors")
    encoder = specs.TransformerEncoderSpec(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        pre_norm=False,
        activation=Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    tokens, types = encoder.embeddings
    tokens.weight = weights["embeddings.word_embeddings.weight"]
    types.weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _set_norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        name = f"encoder.layer.{number}"
        attention = layer.self_attention
        _set_linear(
            attention.linear[0],
            weights,
            *(f"{name}.attention.self.{part}" for part in ("query", "key", "value")),
        )
        _set_linear(attention.linear[1], weights, f"{name}.attention.output.dense")
        _set_norm(attention.layer_norm, weights, f"{name}.attention.output.LayerNorm")
        _set_linear(layer.ffn.linear_0, weights, f"{name}.intermediate.dense")
        _set_linear(layer.ffn.linear_1, weights, f"{name}.output.dense")
        _set_norm(layer.ffn.layer_norm, weights, f"{name}.output.LayerNorm")
    model_spec = specs.TransformerEncoderModelSpec(encoder)
    model_spec.config.layer_norm_epsilon = config["layer_norm_eps"]
    model_spec.register_vocabulary(vocabulary)
    model_spec.validate()
    model_spec.optimize(quantization=compute_type)
    model_spec.save(str(folder))


def _set_linear(layer: LinearSpec, weights: Weights, *names: str) -> None:
    """Fill a layer with a stored one, or with several that have the same input."""
    layer.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    layer.bias = np.concatenate([weights[f"{name}.bias"] for name in names])


def _set_norm(layer: LayerNormSpec, weights: Weights, name: str) -> None:
    layer.gamma = weights[f"{name}.weight"]
    layer.beta = weights[f"{name}.bias"]
