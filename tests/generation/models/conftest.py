"""Fixtures: tiny random GGUF files."""

from pathlib import Path

import pytest

from tests.generation.models.gguf_files import write_gguf


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of every architecture."""
    folder = tmp_path_factory.mktemp("gguf")
    return {name: write_gguf(folder / f"{name}.gguf", name) for name in ("llama", "qwen3")}


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let CTranslate2 compute in float32: the probabilities of random models are close."""
    module = "corpus_tuner.generation.models.ctranslate2_engines"
    monkeypatch.setattr(f"{module}._COMPUTE", "float32")
