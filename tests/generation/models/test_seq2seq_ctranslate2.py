"""Encoder-decoders run by CTranslate2."""

from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.encoders.model_weights import hash_weights
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.seq2seq import Settings
from corpus_tuner.generation.models import Source, load_model
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.generation.models.seq2seq_ctranslate2 import CTranslate2Engine, convert_cached
from corpus_tuner.generation.prompts import load_instructions
from corpus_tuner.text.document_encoding import EncodedDocument

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


@pytest.mark.parametrize("model", ["t5_folder", "bart_folder"])
def test_engines_write_the_same(
    model: str, request: pytest.FixtureRequest, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32, since the probabilities of random models are close to each other."""
    monkeypatch.setattr("corpus_tuner.generation.models.seq2seq_ctranslate2.COMPUTE", "float32")
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
    model, tokenizer = load_model(Source(str(bart_folder)))
    engine = CTranslate2Engine(convert_cached(model, tokenizer, hash_weights(model)), tokenizer)
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
    model, tokenizer = load_model(Source(str(bart_folder)))
    weights = hash_weights(model)
    folder = convert_cached(model, tokenizer, weights)
    assert folder.is_relative_to(tmp_path)
    original = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(original[:-1] + b"x")
    assert convert_cached(model, tokenizer, weights) == folder
    assert (folder / "model.bin").read_bytes() == original
    before = (folder / "model.bin").stat().st_mtime_ns
    convert_cached(model, tokenizer, weights)
    assert (folder / "model.bin").stat().st_mtime_ns == before


def test_a_model_that_ctranslate2_does_not_run_is_refused(
    encoder: Any, encoder_folder: Path
) -> None:
    with pytest.raises(CorpusTunerError):
        open_generator(Settings(model=str(encoder_folder), engine="ctranslate2"), encoder)
