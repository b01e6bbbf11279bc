"""CTranslate2: names in the cache, processor instructions, and conversion of models."""

import os
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from corpus_tuner.encoders import ctranslate2_runtime
from corpus_tuner.encoders.ctranslate2_runtime import (
    convert_model,
    get_cache_name,
    use_fastest_instructions,
)

ISA = "CT2_FORCE_CPU_ISA"


def test_a_name_in_the_cache_has_all_that_decides_the_files() -> None:
    name = get_cache_name("a" * 64, "int8")
    assert name == f"{'a' * 32}-int8-{ctranslate2.__version__}"
    assert len({name, get_cache_name("b" * 64, "int8"), get_cache_name("a" * 64, "float32")}) == 3


def test_instructions_are_set_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ISA, raising=False)
    for found, value in (({"AVX2", "AVX512F"}, "AVX512"), ({"AVX2"}, None)):
        monkeypatch.setattr(ctranslate2_runtime, "supported_instruction_sets", lambda f=found: f)
        with use_fastest_instructions():
            assert os.environ.get(ISA) == value
        assert ISA not in os.environ


def test_instructions_of_the_user_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ISA, "GENERIC")
    with use_fastest_instructions():
        assert os.environ[ISA] == "GENERIC"
    assert os.environ[ISA] == "GENERIC"


def test_a_model_that_cannot_be_run_is_an_error_of_one_kind(tmp_path: Path, tokenizer: Any) -> None:
    from transformers import ElectraConfig, ElectraModel

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = ElectraConfig(
        vocab_size=len(tokenizer), embedding_size=8, intermediate_size=8, **sizes
    )
    with pytest.raises(ValueError, match="Electra"):
        convert_model(ElectraModel(config), tokenizer, tmp_path / "out", "float32")
    assert list(tmp_path.iterdir()) == []
