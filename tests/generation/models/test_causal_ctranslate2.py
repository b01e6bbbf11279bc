"""Decoder-only models run by CTranslate2."""

import resource
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.models.causal_ctranslate2 import CTranslate2CausalEngine
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.conftest import make_documents, write_jsonl
from tests.generation import decoders
from tests.generation.decoders import KINDS, open_causal
from tests.generation.models.gguf_files import ASK, EXAMPLE, READINGS, open_gguf


@pytest.mark.usefixtures("float32")
def test_the_shared_prefix_is_that_of_the_instruction(files: dict[str, Path]) -> None:
    generator = open_gguf(files["llama"], examples=[EXAMPLE])
    prefix = generator._shared_prefix(ASK)
    text = generator._tokenizer.decode(prefix)
    assert "Be brief." in text and "A mill grinds." in text and "What grinds?" in text
    prompts = [generator._tokens(reading.document, ASK) for reading in READINGS]
    assert all(prompt[: len(prefix)] == prefix for prompt in prompts)
    how = generator._settings
    whole, split = (
        generator._engine.write([Request(prompt, 0, shared) for prompt in prompts], how)
        for shared in (0, len(prefix))
    )
    assert whole == split


def test_memory_is_flat_over_many_documents(files: dict[str, Path]) -> None:
    """The states of 300 whole prompts would have 600 MB here."""
    generator = open_gguf(files["llama"], max_new_tokens=2, examples=[EXAMPLE] * 6)
    documents = [
        EncodedDocument(Document("", "", f"{number} mills {'x' * (number % 50)}"))
        for number in range(330)
    ]
    generator.generate(documents[:30], ASK)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in range(30, 330, 30):
        generator.generate(documents[start : start + 30], ASK)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.slow
def test_a_build_writes_for_new_documents_only(
    files: dict[str, Path],
    tmp_path: Path,
    run: Any,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requested: list[int] = []
    write = CTranslate2CausalEngine.write

    def count(self: Any, requests: Any, decoding: Any) -> Any:
        requested.append(len(requests))
        return write(self, requests, decoding)

    monkeypatch.setattr(CTranslate2CausalEngine, "write", count)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(4))
    model = f"{{name: causal, model: {files['llama']}, decoding: beam, max_new_tokens: 6}}"
    command = ["build", corpus, "-o", tmp_path / "index", *small, "--json"]
    command += ["--set", f"generator={model}", "--set", "checks=[]"]
    first = run(*command)
    assert first.code == 0, first.err
    write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    again = run(*command)
    assert again.code == 0, again.err
    assert requested == [4, 4, 2, 2]  # questions and keywords


@pytest.mark.parametrize("kind", KINDS)
def test_ctranslate2_writes_the_same(
    models: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likeliest, in float32, that is: random models are too unsteady to compare otherwise."""
    for module in ("seq2seq_ctranslate2", "causal_ctranslate2"):
        monkeypatch.setattr(f"corpus_tuner.generation.models.{module}.COMPUTE", "float32")
    generator = open_causal(models[kind], decoding="beam")
    assert "ctranslate2" in generator.identity
    reference = open_causal(models[kind], decoding="beam", engine="transformers")
    assert generator.generate(decoders.READINGS, ASK) == reference.generate(decoders.READINGS, ASK)
    generator = open_causal(models[kind], decoding="beam", beams=3, outputs=2)
    written = generator.generate(decoders.READINGS, ASK)
    assert generator.generate(decoders.READINGS[::-1], ASK) == written[::-1]
    assert generator.generate(decoders.READINGS[:1], ASK) == written[:1]
