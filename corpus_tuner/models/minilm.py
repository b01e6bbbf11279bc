"""The built-in model: the lower layers of all-MiniLM-L6-v2 read, a small BART decoder writes.

MiniLM's encoder is, weight for weight, one of BART (Lewis et al., arXiv 1910.13461): the
token-type embedding goes into the positions, which are offset by 2. Its upper layers were trained
to make one vector of a text, and lose the words: a linear map finds a token again from 98 % of the
hidden states of layer 4, but from 44 % of those of layer 6. So the lower four read, frozen, and
the decoder begins as a copy of the upper three (as in Rothe et al., arXiv 1907.12461), with an
attention to the source that hands on what it sees: from the start, a word looked at is a word
that may be written.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.encoders import embedded
from corpus_tuner.instructions.prompting import INSTRUCTIONS_IN, TAUGHT
from corpus_tuner.models import UNTAUGHT

FOLDER = Path(__file__).parent / "builtin"
WEIGHTS = "decoder.safetensors"
_READING = (0, 1, 2, 3)
_WRITING = (3, 4, 5)
_TAUGHT = ("keywords-en", "question-en", "summary-de", "summary-en", "title-de", "title-en")
_OFFSET = 2  # of BART's positions


def untaught() -> tuple[Any, Any]:
    """Return the model and its tokenizer before training."""
    from transformers import AutoModel, AutoTokenizer

    folder = embedded.folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # A decoder begins and ends with the marks that BERT puts around a text.
    tokenizer.bos_token, tokenizer.eos_token = tokenizer.cls_token, tokenizer.sep_token
    encoder = AutoModel.from_pretrained(folder, dtype=torch.float32)
    return _assemble(encoder, tokenizer), tokenizer


def trained() -> tuple[Any, Any]:
    """Return the model and its tokenizer with the decoder that comes with the package."""
    model, tokenizer = untaught()
    weights = {name: each.float() for name, each in load_file(FOLDER / WEIGHTS).items()}
    model.load_state_dict(weights, strict=False)
    setattr(model.config, TAUGHT, list(_TAUGHT))
    return model, tokenizer


def expect(model: Any, tokens: Sequence[int]) -> None:
    """Let the model expect each word as often as it is in `tokens`, before it learns when."""
    counts = torch.bincount(torch.tensor(tokens), minlength=model.config.vocab_size) + 0.1
    model.final_logits_bias.copy_((counts / counts.sum()).log())


def pack(tuned: Path, folder: Path = FOLDER) -> Path:
    """Store what a tuned model has beyond the embedded encoder, in float16.

    Parameters
    ----------
    tuned
        A folder that `corpus-tuner tune generator --base minilm` wrote.
    folder
        Where ``decoder.safetensors`` goes.

    Raises
    ------
    CorpusTunerError
        If the folder holds another kind of model, or one whose encoder was trained, too.
    """
    model, _ = untaught()
    original = model.state_dict()
    try:
        weights = load_file(tuned / "model.safetensors")
        same = json.loads((tuned / "config.json").read_text(encoding="utf-8"))[INSTRUCTIONS_IN]
    except (OSError, KeyError) as error:
        raise CorpusTunerError(f"{tuned} holds no tuned {UNTAUGHT} model: {error}") from error
    changed = {
        name: each.half()
        for name, each in weights.items()
        if name not in original or not torch.equal(each, original[name])
    }
    own = ("model.decoder.", "final_logits_bias")
    odd = [name for name in changed if not name.startswith(own)]
    if same != "decoder" or odd:
        raise CorpusTunerError(
            f"{tuned} differs from {UNTAUGHT} in more than the decoder: {', '.join(odd[:3])}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    save_file(changed, folder / WEIGHTS)
    return folder / WEIGHTS


def _assemble(encoder: Any, tokenizer: Any) -> Any:
    """Make an encoder-decoder of an encoder's layers."""
    from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig

    shape = encoder.config
    marks = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "decoder_start_token_id": tokenizer.cls_token_id,
    }
    config = BartConfig(
        vocab_size=shape.vocab_size,
        d_model=shape.hidden_size,
        encoder_layers=len(_READING),
        decoder_layers=len(_WRITING),
        encoder_attention_heads=shape.num_attention_heads,
        decoder_attention_heads=shape.num_attention_heads,
        encoder_ffn_dim=shape.intermediate_size,
        decoder_ffn_dim=shape.intermediate_size,
        max_position_embeddings=shape.max_position_embeddings,
        activation_function=shape.hidden_act,
        dropout=0.0,  # the data are many times what the decoder can hold
        forced_eos_token_id=None,
        **marks,
    )
    setattr(config, INSTRUCTIONS_IN, "decoder")
    model = BartForConditionalGeneration(config)
    model.generation_config = GenerationConfig(**marks)
    with torch.no_grad():
        _fill(model.model, encoder)
    return model.eval()


def _fill(model: Any, encoder: Any) -> None:
    """Copy the weights."""
    embeddings = encoder.embeddings
    model.shared.weight.copy_(embeddings.word_embeddings.weight)
    positions = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    for half in (model.encoder, model.decoder):
        half.embed_positions.weight[:_OFFSET] = 0  # never read
        half.embed_positions.weight[_OFFSET:] = positions
        half.layernorm_embedding.load_state_dict(embeddings.LayerNorm.state_dict())
    layers = encoder.encoder.layer
    for number, layer in zip(_READING, model.encoder.layers, strict=True):
        _copy_layer(layers[number], layer)
    for number, layer in zip(_WRITING, model.decoder.layers, strict=True):
        _copy_layer(layers[number], layer)
        source = layer.encoder_attn
        source.q_proj.load_state_dict(layers[number].attention.self.query.state_dict())
        source.k_proj.load_state_dict(layers[number].attention.self.key.state_dict())
        for handed_on in (source.v_proj, source.out_proj):
            torch.nn.init.eye_(handed_on.weight)
            torch.nn.init.zeros_(handed_on.bias)
    # The embeddings of the words are the output layer: states must be long to tell them apart.
    last = model.decoder.layers[-1].final_layer_norm
    torch.nn.init.ones_(last.weight)
    torch.nn.init.zeros_(last.bias)


def _copy_layer(old: Any, new: Any) -> None:
    attention = old.attention
    new.self_attn.q_proj.load_state_dict(attention.self.query.state_dict())
    new.self_attn.k_proj.load_state_dict(attention.self.key.state_dict())
    new.self_attn.v_proj.load_state_dict(attention.self.value.state_dict())
    new.self_attn.out_proj.load_state_dict(attention.output.dense.state_dict())
    new.self_attn_layer_norm.load_state_dict(attention.output.LayerNorm.state_dict())
    new.fc1.load_state_dict(old.intermediate.dense.state_dict())
    new.fc2.load_state_dict(old.output.dense.state_dict())
    new.final_layer_norm.load_state_dict(old.output.LayerNorm.state_dict())


if __name__ == "__main__":
    sys.stdout.write(f"{pack(Path(sys.argv[1]))}\n")
