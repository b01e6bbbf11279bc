"""Tiny random GGUF files, written by the tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import Document
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.causal import Settings
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.conftest import make_documents

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
WIDTH, HEADS, KEY_HEADS, LAYERS, INNER = 256, 2, 1, 2, 96
HEAD = WIDTH // HEADS  # CTranslate2 expects this of Llama, and transformers 128 of Qwen3


def write_gguf(
    path: Path, architecture: str = "llama", chat: str = CHAT, without: str = ""
) -> Path:
    """Write a random model of the shape of Llama; its tokens are bytes and three marks.

    Parameters
    ----------
    path, architecture, chat
        The file, the architecture that it names, and its chat template.
    without
        The name of a tensor that is left out.
    """
    pytest.importorskip("gguf")
    from gguf import GGUFWriter, TokenType
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    tokens = [*MARKS, *bytes_to_unicode().values(), "th", "he"]
    writer: Any = GGUFWriter(path, architecture)
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [TokenType.CONTROL] * len(MARKS) + [TokenType.NORMAL] * (len(tokens) - len(MARKS))
    )
    writer.add_token_merges(["t h", "h e"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    if chat:
        writer.add_chat_template(chat)
    chance = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        if name == without:
            return
        drawn = chance.normal(0, 0.3, shape) if len(shape) > 1 else np.ones(shape)
        writer.add_tensor(f"{name}.weight", drawn.astype(np.float32))

    add("token_embd", len(tokens), WIDTH)
    add("output_norm", WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            add(f"{block}.{norm}", WIDTH)
        add(f"{block}.attn_q", HEADS * HEAD, WIDTH)
        add(f"{block}.attn_k", KEY_HEADS * HEAD, WIDTH)
        add(f"{block}.attn_v", KEY_HEADS * HEAD, WIDTH)
        add(f"{block}.attn_output", WIDTH, HEADS * HEAD)
        add(f"{block}.ffn_gate", INNER, WIDTH)
        add(f"{block}.ffn_up", INNER, WIDTH)
        add(f"{block}.ffn_down", WIDTH, INNER)
        if architecture == "qwen3":
            add(f"{block}.attn_q_norm", HEAD)
            add(f"{block}.attn_k_norm", HEAD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


ASK = Instruction("question", "en", "What does it answer? {title} {text}", "Be brief.")


READINGS = [
    EncodedDocument(Document(document["_id"], "", document["text"][:60]))
    for document in make_documents(5)
]


EXAMPLE = {"text": "A mill grinds.", "answers": {"question": "What grinds?"}}


def open_gguf(model: Path | str, **values: Any) -> Any:
    values = {"decoding": "beam", "max_new_tokens": 8, "stop": (), **values}
    settings = Settings.model_validate({"model": str(model), **values})
    return open_generator(settings, encoder=None)  # type: ignore[arg-type]
