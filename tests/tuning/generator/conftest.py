"""Settings and pairs for tuning a small generator."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_documents, write_jsonl
from tests.generation.decoders import make_model

FAST = [
    *("--set", "steps=24"),
    *("--set", "batch_size=8"),
    *("--set", "learning_rate=0.01"),
    *("--set", "max_target_tokens=8"),
    *("--set", "dtype=float32"),
]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Titles that are the first two words of their text, and keywords that are its last."""
    records = []
    for record in make_documents(60):
        words = record["text"].split()
        for task, target in (("title", words[:2]), ("keywords", words[-2:])):
            pair = {"task": task, "language": "en", "source": record["text"]}
            records.append({**pair, "target": " ".join(target)})
    return write_jsonl(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", records)


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A random decoder-only model."""
    return make_model(tmp_path_factory.mktemp("llama"), "Llama", tokenizer)
