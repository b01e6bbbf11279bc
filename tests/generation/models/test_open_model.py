"""The engine that runs a language model."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.generation.decoders import open_causal
from tests.generation.models.gguf_files import ASK, EXAMPLE, READINGS, open_gguf


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
@pytest.mark.parametrize("search", [{}, {"decoding": "alternatives", "outputs": 3}])
def test_engines_write_the_same(
    files: dict[str, Path], architecture: str, search: dict[str, Any]
) -> None:
    written = {}
    for engine in ("auto", "transformers"):
        generator = open_gguf(files[architecture], engine=engine, examples=[EXAMPLE], **search)
        written[engine] = generator.generate(READINGS, ASK)
        assert generator.generate(READINGS[::-1], ASK) == written[engine][::-1]
        assert generator.generate(READINGS[1:2], ASK) == written[engine][1:2]
        expected = "ctranslate2" if engine == "auto" else engine
        assert f" {expected} " in generator.identity
    assert written["auto"] == written["transformers"]
    assert max(len(one.texts) for one in written["auto"]) == search.get("outputs", 1)


def test_a_file_samples_by_transformers(files: dict[str, Path]) -> None:
    generator = open_gguf(files["llama"], decoding="sampling", max_source_tokens=60)
    assert " transformers " in generator.identity
    long = EncodedDocument(Document("l", "", "wheat and barley " * 50))
    assert [one.cut for one in generator.generate([READINGS[0], long], ASK)][1]


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        ("no.gguf", {}, r"there is no file no\.gguf: set generator\.model"),
        ("/no/such/file.gguf", {}, "there is no file /no/such/file.gguf"),
        ("org/name/file.gguf", {}, "cannot fetch file.gguf of org/name"),
        ("llama", {"engine": "ctranslate2", "decoding": "sampling"}, "generator.decoding=beam"),
    ],
)
def test_what_cannot_be_run(
    model: str,
    values: dict[str, Any],
    message: str,
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(CorpusTunerError, match=message):
        open_gguf(files.get(model, model), **values)


def test_ctranslate2_does_not_sample(models: dict[str, Path]) -> None:
    assert "transformers" in open_causal(models["Qwen3"]).identity
    with pytest.raises(CorpusTunerError, match=r"generator\.decoding=beam"):
        open_causal(models["Qwen3"], engine="ctranslate2")
