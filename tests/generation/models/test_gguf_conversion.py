"""GGUF files loaded by transformers."""

from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError
from tests.generation.models.gguf_files import open_gguf, write_gguf


def test_weights_that_are_missing_are_not_drawn(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "short.gguf", without="blk.1.ffn_up")
    with pytest.raises(CorpusTunerError, match=r"lacks weights: model\.layers\.1\.mlp\.up_proj"):
        open_gguf(file)
