"""Language models run by CTranslate2."""

import resource
from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.encoders.model_weights import hash_weights
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.seq2seq import Settings
from corpus_tuner.generation.models import load_model
from corpus_tuner.generation.models.ctranslate2_engines import CausalEngine, Seq2SeqEngine, convert
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.generation.prompts import load_instructions
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.conftest import make_documents, write_jsonl
from tests.generation import decoders
from tests.generation.decoders import KINDS, open_causal
from tests.generation.models.gguf_files import ASK, EXAMPLE, READINGS, open_gguf

MILL = Document(
    "m",
    "Water mills",
    "A mill wheel turns in the river and drives the stones that grind wheat into flour. Farmers "
    "from the whole valley bring their harvest to the mill in autumn and pay with a share of it.",
)
BEES = Document(
    "b",
    "Swarming bees",
    "In May a colony of honey bees may swarm: the old queen leaves the hive with half of the "
    "workers and settles on a branch, where a beekeeper can shake the cluster into a box.",
)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("model", ["t5_folder", "bart_folder"])
def test_engines_write_the_same(model: str, request: pytest.FixtureRequest, encoder: Any) -> None:
    likeliest = {"model": str(request.getfixturevalue(model)), "max_new_tokens": 8}
    likeliest |= {"decoding": "beam", "beams": 1, "no_repeat_ngram": 0}
    (instruction,) = load_instructions(("title",), "en")
    fast, reference = (
        open_generator(Settings.model_validate({**likeliest, "engine": engine}), encoder).generate(
            [EncodedDocument(MILL), EncodedDocument(BEES)], instruction
        )
        for engine in ("ctranslate2", "transformers")
    )
    assert fast == reference


def test_the_seed_is_the_requests_whatever_the_order_and_the_threads(bart_folder: Path) -> None:
    model, tokenizer = load_model(str(bart_folder))
    engine = Seq2SeqEngine(convert(model, tokenizer, hash_weights(model)), tokenizer)
    source = tokenizer(MILL.text)["input_ids"]
    requests = [Request(source, seed) for seed in range(24)]
    settings = Settings(
        outputs=1,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        no_repeat_ngram=0,
        max_new_tokens=8,
        batch_size=1,
    )
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one_by_one = engine.write(requests, settings)
        torch.set_num_threads(8)
        assert engine.write(requests[::-1], settings)[::-1] == one_by_one
    finally:
        torch.set_num_threads(threads)
    assert len({str(answers) for answers in one_by_one}) == len(requests)


def test_a_conversion_that_was_spoilt_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bart_folder: Path
) -> None:
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path))
    model, tokenizer = load_model(str(bart_folder))
    weights = hash_weights(model)
    folder = convert(model, tokenizer, weights)
    assert folder.is_relative_to(tmp_path)
    original = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(original[:-1] + b"x")
    assert convert(model, tokenizer, weights) == folder
    assert (folder / "model.bin").read_bytes() == original
    before = (folder / "model.bin").stat().st_mtime_ns
    convert(model, tokenizer, weights)
    assert (folder / "model.bin").stat().st_mtime_ns == before


def test_a_model_that_ctranslate2_does_not_run_is_refused(
    encoder: Any, encoder_folder: Path
) -> None:
    with pytest.raises(CorpusTunerError):
        open_generator(Settings(model=str(encoder_folder), engine="ctranslate2"), encoder)


@pytest.mark.usefixtures("float32")
def test_the_shared_prefix_is_that_of_the_instruction(files: dict[str, Path]) -> None:
    generator = open_gguf(files["llama"], examples=[EXAMPLE])
    prefix = generator._prompts.find_shared_prefix(ASK)
    text = generator._tokenizer.decode(prefix)
    assert "Be brief." in text and "A mill grinds." in text and "What grinds?" in text
    prompts = [generator._prompts.make(reading.document, ASK)[0] for reading in READINGS]
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
    write = CausalEngine.write

    def count(self: Any, requests: Any, decoding: Any) -> Any:
        requested.append(len(requests))
        return write(self, requests, decoding)

    monkeypatch.setattr(CausalEngine, "write", count)
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


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("kind", KINDS)
def test_ctranslate2_writes_the_same(models: dict[str, Path], kind: str) -> None:
    generator = open_causal(models[kind], decoding="beam")
    assert "ctranslate2" in generator.identity
    reference = open_causal(models[kind], decoding="beam", engine="transformers")
    assert generator.generate(decoders.READINGS, ASK) == reference.generate(decoders.READINGS, ASK)
    generator = open_causal(models[kind], decoding="beam", beams=3, outputs=2)
    written = generator.generate(decoders.READINGS, ASK)
    assert generator.generate(decoders.READINGS[::-1], ASK) == written[::-1]
    assert generator.generate(decoders.READINGS[:1], ASK) == written[:1]
