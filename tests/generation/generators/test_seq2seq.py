"""Encoder-decoders as generators."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from corpus_tuner import Document
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.generation.prompts import Instruction, load_instructions
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.eval.made_benchmark import make_benchmark

MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")
COURT = Document("b", "Rent", "The tenant pays rent. A judge may lower the rent by law. Yes.")
EMPTY = Document("c", "", "??")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["doc2query-english", "doc2query-german"])
def test_recipes_for_doc2query_run_through_every_stage(
    recipe: str, t5_folder: Path, mt5_folder: Path, encoder_folder: Path, run: Any, tmp_path: Path
) -> None:
    """Random models of the same architectures stand for those of the hub."""
    model = {"doc2query-english": t5_folder, "doc2query-german": mt5_folder}[recipe]
    benchmark = make_benchmark(tmp_path / "benchmark", documents=24, queries=6)
    changes = {
        "generator.model": model,
        "generator.revision": "null",
        "generator.outputs": 2,
        "generator.max_new_tokens": 6,
        "checks": "[duplicate]",
        "encoder.name": encoder_folder,
    }
    command = ["eval", benchmark, "--output", tmp_path / "results", "--config", recipe]
    for name, value in changes.items():
        command += ["--set", f"{name}={value}"]
    done = run(*command, "--json")
    assert done.code == 0, done.err
    assert {"passage", "views", "hybrid"} <= {one["system"] for one in json.loads(done.out)}
    (index,) = (tmp_path / "results").glob("**/manifest.json")
    described = json.loads(run("info", index.parent, "--json").out)
    assert sum(segment["counts"]["view: question"] for segment in described["segments"])
    assert described["lexical"]["views"] == {"question": 1}


@pytest.mark.parametrize("decoding", ["sampling", "beam"])
@pytest.mark.parametrize("model", ["t5_folder", "bart_folder"])
def test_seq2seq(model: str, decoding: str, request: pytest.FixtureRequest, encoder: Any) -> None:
    folder = request.getfixturevalue(model)
    settings = Seq2Seq(
        model=str(folder), decoding=decoding, outputs=3, max_new_tokens=8, max_source_tokens=150
    )
    generator = open_generator(settings, encoder)
    (instruction,) = load_instructions(("question",), "en")
    readings = [EncodedDocument(one) for one in (MILL, COURT, Document("l", "", MILL.text * 20))]
    once = generator.generate(readings, instruction)
    assert [written.cut for written in once] == [False, False, True]
    assert all(1 <= len(written.texts) <= 3 for written in once)
    assert all(len(set(written.texts)) == len(written.texts) for written in once)
    assert generator.generate(readings, instruction) == once


@pytest.mark.parametrize("decoding", ["sampling", "beam"])
@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
@pytest.mark.parametrize("model", ["t5_folder", "bart_folder"])
def test_what_is_written_for_a_document_depends_on_it_only(
    model: str, engine: str, decoding: str, request: pytest.FixtureRequest, encoder: Any
) -> None:
    settings = Seq2Seq.model_validate(
        {
            "model": str(request.getfixturevalue(model)),
            "engine": engine,
            "decoding": decoding,
            "outputs": 2,
            "max_new_tokens": 8,
        }
    )
    generator = open_generator(settings, encoder)
    (instruction,) = load_instructions(("question",), "en")
    documents = [MILL, COURT, EMPTY, *(Document(str(n), "", MILL.text * n) for n in range(2, 5))]
    documents += [Document(f"{document.id} again", "", document.text) for document in documents]
    readings = [EncodedDocument(document) for document in documents]
    together = generator.generate(readings, instruction)
    assert decoding == "beam" or len({written.texts for written in together}) > 1
    assert generator.generate(readings[::-1], instruction) == together[::-1]
    halves = (readings[:3], readings[3:])
    assert [one for half in halves for one in generator.generate(half, instruction)] == together
    for reading, written in zip(readings[:6], together[:6], strict=True):
        assert generator.generate([reading], instruction) == [written]


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
def test_each_instruction_has_its_own_seed(
    bart_folder: Path, encoder: Any, engine: Literal["ctranslate2", "transformers"]
) -> None:
    settings = Seq2Seq(model=str(bart_folder), engine=engine, max_new_tokens=8)
    generator = open_generator(settings, encoder)
    instructions = [Instruction(kind, "en", "{text}") for kind in ("question", "title")]
    first, second = (
        generator.generate([EncodedDocument(MILL)], instruction) for instruction in instructions
    )
    assert first != second


def test_the_seed_decides_what_is_sampled(t5_folder: Path, encoder: Any) -> None:
    (instruction,) = load_instructions(("question",), "en")
    made = [open_generator(Seq2Seq(model=str(t5_folder), seed=seed), encoder) for seed in (1, 1, 2)]
    first, same, other = (
        generator.generate([EncodedDocument(MILL)], instruction) for generator in made
    )
    assert first == same != other
    assert made[0].identity == made[1].identity != made[2].identity
