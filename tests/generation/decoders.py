"""Random decoder-only models, written by the tests."""

from pathlib import Path
from typing import Any

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.causal import Settings
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.conftest import make_documents

ASK = Instruction("question", "en", "What does it answer? {title} {text}", "Be brief.")


READINGS = [
    EncodedDocument(Document(document["_id"], "", document["text"]))
    for document in make_documents(4)
]


QWEN = (
    "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] "
    "{% if enable_thinking is defined and not enable_thinking %}quiet {% endif %}{% endif %}"
)


GEMMA = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for message in messages %}<{{ message.role }}> {{ message.content }}\n{% endfor %}<model>"
)


KINDS = ("Qwen3", "Llama", "Gemma3Text")


def make_model(folder: Path, kind: str, tokenizer: Any, **more: Any) -> Path:
    """Save a random model of an architecture of transformers, and return its folder."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=512,
        initializer_range=0.2,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        **more,
    )
    getattr(transformers, f"{kind.removesuffix('Text')}ForCausalLM")(config).save_pretrained(folder)
    copy = type(tokenizer).from_pretrained(_saved(tokenizer, folder))
    copy.chat_template = {"Qwen3": QWEN, "Gemma3Text": GEMMA}.get(kind)
    copy.save_pretrained(folder)
    return folder


def _saved(tokenizer: Any, folder: Path) -> Path:
    tokenizer.save_pretrained(folder)
    return folder


def open_causal(folder: Path, **values: Any) -> Any:
    values = {"max_new_tokens": 12, "stop": (), **values}
    settings = Settings(model=str(folder), **values)
    return open_generator(settings, encoder=None)  # type: ignore[arg-type]
