"""Random models, and the vectors that sentence-transformers gives."""

from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer

from tests.conftest import make_documents

QUERIES = ["", "wheat", "  The mill\tby the river ", "Ärzte, fever? 水 \x07", "a long query " * 50]


def make_model(folder: Path, tokenizer: Any, kind: str, pooling: str, pad: str = "torque") -> Path:
    """Make a random encoder; `pad` is a token from whose id RoBERTa counts positions."""
    import torch
    import transformers
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    sizes: dict[str, int] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 800,
    }
    if kind == "DistilBert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.convert_tokens_to_ids(pad), **sizes
    )
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder / "body")
    tokenizer.save_pretrained(folder / "body")
    modules = [
        Transformer(str(folder / "body"), max_seq_length=48),
        Pooling(32, pooling_mode=pooling),
    ]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"


def encode_by_library(model: Path, prompt: str = "") -> Any:
    encoder = SentenceTransformer(str(model), device="cpu")
    return encoder.encode([prompt + query for query in QUERIES], normalize_embeddings=True)


TEXTS = [document["text"] for document in make_documents(40)]
