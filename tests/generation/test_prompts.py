"""Instructions of generators."""

from pathlib import Path

import pytest
import yaml

from corpus_tuner import CorpusTunerError, Document, load_recipe
from corpus_tuner.generation.ledger import make_ledger_key
from corpus_tuner.generation.prompts import CONTEXT, KINDS, load_instructions

MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")


EMPTY = Document("c", "", "??")


@pytest.mark.parametrize("language", ["en", "de", "pt", "fi"])
def test_the_package_has_instructions_for_all_kinds(language: str) -> None:
    for instruction in load_instructions(KINDS, language):
        assert instruction.language == language
        assert MILL.text in instruction.prompt(MILL)


@pytest.mark.parametrize("language", ["en", "de", "pt"])
def test_a_context_is_of_a_passage_and_its_prompt_begins_with_the_document(language: str) -> None:
    (context,) = load_instructions((CONTEXT,), language)
    first, second = context.list_sources(MILL, ["A mill wheel", "The mill grinds"])
    prompts = [context.prompt(source) for source in (first, second)]
    assert "A mill wheel" in prompts[0].replace(MILL.text, "")
    assert all(prompt.startswith(f"{MILL.title}\n{MILL.text}\n") for prompt in prompts)
    assert (first.id, first.title, first.text) == (MILL.id, MILL.title, MILL.text)
    assert make_ledger_key(first, context, "g") != make_ledger_key(second, context, "g")
    assert list(context.list_sources(MILL, [MILL.text])) == []
    (question,) = load_instructions(("question",), language)
    assert list(question.list_sources(MILL, ["a", "b"])) == [MILL]


def test_a_template_of_contexts_names_the_passage() -> None:
    with pytest.raises(CorpusTunerError, match=r"needs \{text\} and \{passage\}"):
        load_instructions(("context",), "en", {"context": "What is it about? {text}"})
    with pytest.raises(CorpusTunerError, match="has: passage, text"):
        load_instructions(("question",), "en", {"question": "{text} {passage}"})


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


def test_the_package_instructions_are_plain_yaml() -> None:
    from corpus_tuner.generation import prompts

    for file in Path(prompts.__file__).parent.glob("*.yaml"):
        assert set(yaml.safe_load(file.read_text(encoding="utf-8"))) == {*KINDS, "system"}
