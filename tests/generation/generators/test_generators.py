"""What generators write, and that it is written once."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from corpus_tuner import CorpusTunerError, Document, load_recipe
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Span
from corpus_tuner.generation.enrichment import make_views, write_views
from corpus_tuner.generation.generators import Generator, Written, open_generator
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.generation.ledger import Ledger, make_ledger_key
from corpus_tuner.generation.prompts import KINDS, Instruction, load_instructions
from corpus_tuner.text.document_encoding import DocumentEncoder, EncodedDocument
from corpus_tuner.text.passages import PassageSettings, get_full_text
from corpus_tuner.text.views import ViewSettings
from tests.eval.made_benchmark import make_benchmark

MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")
COURT = Document("b", "Rent", "The tenant pays rent. A judge may lower the rent by law. Yes.")
EMPTY = Document("c", "", "??")


def read(
    documents: Sequence[Document], generator: Generator, encoder: Any
) -> list[EncodedDocument]:
    reader = DocumentEncoder(encoder, Languages(("en",)), PassageSettings(), ViewSettings())
    return reader.encode(documents, [generator.spans(document, "en") for document in documents])


@pytest.mark.parametrize("language", ["en", "de", "pt", "fi"])
def test_the_package_has_instructions_for_all_kinds(language: str) -> None:
    for instruction in load_instructions(KINDS, language):
        assert instruction.language == language
        assert MILL.text in instruction.prompt(MILL)


def test_own_instructions(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("question: 'Ask: {text} {{sic}}'", encoding="utf-8")
    (instruction,) = load_instructions(("question",), "en", file)
    assert instruction.prompt(EMPTY) == "Ask: ?? {sic}"
    file.write_text("question: 'Ask: {text'", encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"mine\.yaml, 'question'"):
        load_instructions(("question",), "en", file)
    settings = load_recipe(None, ["instructions={question: 'query: {title} {text}'}"])
    (instruction,) = load_instructions(("question",), "en", settings.instructions)
    assert instruction.prompt(MILL) == f"query: {MILL.title} {MILL.text}"
    with pytest.raises(CorpusTunerError, match=r"instructions has no template .* 'title'"):
        load_instructions(("title",), "en", settings.instructions)


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
    assert sum(segment["views"]["question"] for segment in described["segments"])
    assert described["lexical"]["views"] == {"question": 1}


def test_keywords_are_phrases_of_the_document(encoder: Any) -> None:
    generator = open_generator(Extractive(), encoder)
    (instruction,) = load_instructions(("keywords",), "en")
    readings = read([MILL, COURT, EMPTY], generator, encoder)
    mill, court, empty = generator.generate(readings, instruction)
    for written, document in ((mill, MILL), (court, COURT)):
        phrases = written.texts[0].split(", ")
        source = f"{document.title}. {document.text}".lower()
        assert 1 < len(phrases) <= 6
        assert all(phrase.lower() in source for phrase in phrases)
        assert not any(phrase.lower().startswith(("a ", "the ", "in ")) for phrase in phrases)
        assert not written.spans
    assert empty == Written(())


def test_a_summary_is_sentences_in_their_order(encoder: Any) -> None:
    generator = open_generator(Extractive(), encoder)
    (instruction,) = load_instructions(("summary",), "en")
    readings = read([MILL, COURT, EMPTY], generator, encoder)
    mill, court, empty = generator.generate(readings, instruction)
    assert mill.texts == ("A mill wheel turns in the river. The mill grinds wheat.",)
    assert court.texts == ("The tenant pays rent. A judge may lower the rent by law.",)
    whole = get_full_text(MILL)
    assert [whole[start:end] for start, end in mill.spans[0]] == [
        "A mill wheel turns in the river.",
        "The mill grinds wheat.",
    ]
    assert empty.texts == ()


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
def test_what_is_written_for_a_document_depends_on_it_alone(
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
    documents = [MILL, COURT, EMPTY, *(Document(str(n), "", MILL.text * n) for n in range(2, 6))]
    documents += [Document(f"{document.id} again", "", document.text) for document in documents]
    readings = [EncodedDocument(document) for document in documents]
    together = generator.generate(readings, instruction)
    assert decoding == "beam" or len({written.texts for written in together}) > 1
    assert generator.generate(readings[::-1], instruction) == together[::-1]
    halves = (readings[:3], readings[3:])
    assert [one for half in halves for one in generator.generate(half, instruction)] == together
    for reading, written in zip(readings, together, strict=True):
        assert generator.generate([reading], instruction) == [written]


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
def test_each_instruction_has_its_own_seed(
    bart_folder: Path, encoder: Any, engine: Literal["ctranslate2", "transformers"]
) -> None:
    settings = Seq2Seq(model=str(bart_folder), engine=engine, max_new_tokens=8)
    generator = open_generator(settings, encoder)
    asked = [Instruction(kind, "en", "{text}") for kind in ("question", "title")]
    first, second = (
        generator.generate([EncodedDocument(MILL)], instruction) for instruction in asked
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


class Counting:
    """Writes a document's title, and remembers for which documents it was asked."""

    identity = "counting"
    kinds: tuple[str, ...] = ("title",)
    invents = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def spans(self, document: Document, language: str) -> list[Span]:
        return []

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        self.asked += [reading.document.id for reading in readings]
        return [Written((reading.document.title,)) for reading in readings]


def test_nothing_is_generated_twice_and_changes_are(tmp_path: Path) -> None:
    generator = Counting()
    checked: Generator = generator
    (instruction,) = load_instructions(("title",), "en")
    changed = Document("a", "Water mills", "Another text.")
    moved = Document("z", COURT.title, COURT.text)
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        first = write_views(
            [EncodedDocument(MILL), EncodedDocument(COURT)], instruction, checked, ledger
        )
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        assert (
            write_views(
                [EncodedDocument(MILL), EncodedDocument(COURT)], instruction, checked, ledger
            )
            == first
        )
        assert generator.asked == ["a", "b"]
        write_views(
            [EncodedDocument(changed), EncodedDocument(moved)], instruction, checked, ledger
        )
        assert generator.asked == ["a", "b", "a"]
        reworded = Instruction("title", "en", "Name it: {text}")
        write_views([EncodedDocument(MILL)], reworded, checked, ledger)
        assert generator.asked == ["a", "b", "a", "a"]
    (view,) = make_views(MILL, instruction, checked, first[0])
    assert (view.kind, view.text, view.maker) == ("title", MILL.title, "counting")


def test_every_part_of_the_content_is_in_the_key() -> None:
    instruction = Instruction("title", "en", "{text}")
    keys = {
        make_ledger_key(MILL, instruction, "g"),
        make_ledger_key(Document("a", "", MILL.text), instruction, "g"),
        make_ledger_key(Document("a", MILL.title, ""), instruction, "g"),
        make_ledger_key(MILL, Instruction("claim", "en", "{text}"), "g"),
        make_ledger_key(MILL, Instruction("title", "de", "{text}"), "g"),
        make_ledger_key(MILL, Instruction("title", "en", "{text}."), "g"),
        make_ledger_key(MILL, instruction, "h"),
    }
    assert len(keys) == 7
    assert make_ledger_key(Document("other", MILL.title, MILL.text), instruction, "g") in keys


def test_the_package_instructions_are_plain_yaml() -> None:
    from corpus_tuner.generation import prompts

    for file in Path(prompts.__file__).parent.glob("*.yaml"):
        assert set(yaml.safe_load(file.read_text(encoding="utf-8"))) == {*KINDS, "system"}
