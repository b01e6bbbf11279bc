"""GGUF files run by llama.cpp."""

from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError
from corpus_tuner.generation.models.llamacpp import LlamaCppModel
from tests.generation.models.gguf_files import ASK, READINGS, open_gguf


def test_samples_of_llamacpp_depend_on_the_document_only(files: dict[str, Path]) -> None:
    pytest.importorskip("xllamacpp")
    sampled = {"decoding": "sampling", "outputs": 3, "temperature": 1.5}
    generator = open_gguf(files["llama"], **sampled)
    assert " llamacpp " in generator.identity
    together = generator.generate(READINGS, ASK)
    assert generator.generate(READINGS[::-1], ASK) == together[::-1]
    assert generator.generate(READINGS[:1], ASK) == together[:1]
    assert len(together[0].texts) > 1
    assert open_gguf(files["llama"], seed=1, **sampled).generate(READINGS, ASK) != together


def test_the_server_of_llamacpp_asks_for_its_key(files: dict[str, Path]) -> None:
    pytest.importorskip("xllamacpp")
    model = LlamaCppModel(files["llama"], tokens=64, threads=1)
    assert model.post("/tokenize", {"content": "a"})["tokens"]
    model._key = "another"
    for path in ("/tokenize", "/completion", "/apply-template"):
        with pytest.raises(CorpusTunerError, match="Invalid API Key"):
            model.post(path, {"content": "a", "prompt": "a", "messages": []})


def test_llamacpp_runs_gguf_files_only(bart_folder: Path) -> None:
    with pytest.raises(CorpusTunerError, match="llamacpp runs GGUF files"):
        open_gguf(bart_folder, engine="llamacpp")
