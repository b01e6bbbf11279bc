"""Instructions of generators."""

from pathlib import Path

import pytest
import yaml

from corpus_tuner import CorpusTunerError, Document, load_recipe
from corpus_tuner.generation.prompts import KINDS, load_instructions

MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")


EMPTY = Document("c", "", "??")


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


def test_the_package_instructions_are_plain_yaml() -> None:
    from corpus_tuner.generation import prompts

    for file in Path(prompts.__file__).parent.glob("*.yaml"):
        assert set(yaml.safe_load(file.read_text(encoding="utf-8"))) == {*KINDS, "system"}
