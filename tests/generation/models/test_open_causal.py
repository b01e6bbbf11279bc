"""The engine that runs a decoder-only model."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.generation.decoders import open_causal
from tests.generation.models.gguf_files import ASK, EXAMPLE, READINGS, open_gguf, write_gguf


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
def test_engines_write_the_same(files: dict[str, Path], architecture: str) -> None:
    pytest.importorskip("xllamacpp")
    written = {}
    for engine in ("auto", "transformers", "llamacpp"):
        generator = open_gguf(files[architecture], engine=engine, examples=[EXAMPLE])
        written[engine] = generator.generate(READINGS, ASK)
        assert generator.generate(READINGS[::-1], ASK) == written[engine][::-1]
        assert generator.generate(READINGS[1:2], ASK) == written[engine][1:2]
        expected = "ctranslate2" if engine == "auto" else engine
        assert f" {expected} " in generator.identity
    assert written["auto"] == written["transformers"]
    # llama.cpp stores states in float16, which decides where two tokens are nearly as likely.
    pairs = zip(written["transformers"], written["llamacpp"], strict=True)
    assert sum(one == other and bool(one.texts) for one, other in pairs) >= 3


def test_architectures_that_are_not_converted_run_by_llamacpp(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    file = write_gguf(tmp_path / "other.gguf", "smollm3", chat="")
    generator = open_gguf(file, max_source_tokens=60)
    assert " llamacpp " in generator.identity
    long = EncodedDocument(Document("l", "", "wheat and barley " * 50))
    assert [one.cut for one in generator.generate([READINGS[0], long], ASK)][1]
    with pytest.raises(CorpusTunerError, match="does not run GGUF files of 'smollm3', only of"):
        open_gguf(file, engine="ctranslate2")


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        ("no.gguf", {}, r"there is no file no\.gguf: set generator\.model"),
        ("/no/such/file.gguf", {}, "there is no file /no/such/file.gguf"),
        ("org/name/file.gguf", {}, "cannot fetch file.gguf of org/name"),
        ("llama", {"engine": "ctranslate2", "decoding": "sampling"}, "generator.decoding=beam"),
        ("llama", {"engine": "llamacpp", "beams": 2}, "several beams"),
        ("llama", {"engine": "llamacpp", "no_repeat_ngram": 2}, "no_repeat_ngram=0"),
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
