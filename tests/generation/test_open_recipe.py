"""Opening the models of a recipe."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.core.languages import Languages
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.open_recipe import (
    detect_corpus_languages,
    open_recipe,
    raise_no_documents,
)
from tests.conftest import write_jsonl

ENGLISH = "The old mill by the river grinds the wheat of the farmers in the valley."
GERMAN = "Die alte Mühle am Fluss mahlt den Weizen der Bauern aus dem ganzen Tal."


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    texts = [ENGLISH] * 3 + [GERMAN] * 2
    records = [
        {"_id": str(number), "text": f"{text} {number}"} for number, text in enumerate(texts)
    ]
    return Corpus(str(write_jsonl(tmp_path / "corpus.jsonl", records)))


def test_languages_are_detected_unless_the_recipe_names_one(corpus: Corpus) -> None:
    assert detect_corpus_languages(corpus, load_recipe()).codes == ("en", "de")
    named = load_recipe(None, ["language=pt"])
    assert detect_corpus_languages(corpus, named) == Languages(("pt",))


def test_generators_have_instructions_in_every_language(corpus: Corpus, encoder: Any) -> None:
    opened = open_recipe(corpus, load_recipe(None, ["generator=extractive"]), encoder=encoder)
    assert opened.languages.codes == ("en", "de")
    assert opened.language_shares["en"] > opened.language_shares["de"] > 0
    assert opened.encoder is encoder
    assert opened.recipe.encoder.name == encoder.name
    for code in ("en", "de"):
        ((_, instructions),) = opened.generators[code]
        assert {instruction.language for instruction in instructions} == {code}
    assert len(opened.instructions) == sum(
        len(one.instructions) for some in opened.generators.values() for one in some
    )


def test_the_key_is_of_all_that_decides_an_index(corpus: Corpus, encoder: Any) -> None:
    def compute_key(*assignments: str, languages: Languages | None = None) -> str:
        recipe = load_recipe(None, assignments)
        return open_recipe(corpus, recipe, encoder=encoder, languages=languages).key

    english = Languages(("en",))
    key = compute_key("generator=extractive", languages=english)
    assert compute_key("generator=extractive", languages=english) == key
    assert compute_key("generator=extractive", "documents_at_once=5", languages=english) == key
    assert compute_key("generator=extractive", languages=Languages(("de",))) != key
    assert compute_key("generator=null", languages=english) != key


def test_a_model_that_does_not_write_the_main_language_is_refused(
    corpus: Corpus, encoder: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class EnglishGenerator:
        languages = ("en",)
        identity = "english"
        kinds = ("title",)

    def open_english(*_: object) -> Any:
        return EnglishGenerator()

    monkeypatch.setattr("corpus_tuner.generation.open_recipe.open_generator", open_english)
    recipe = load_recipe(None, ["generator=extractive"])
    with pytest.raises(CorpusTunerError, match=r"does not write the language of the corpus, 'de'"):
        open_recipe(corpus, recipe, encoder=encoder, languages=Languages(("de",)))
    opened = open_recipe(corpus, recipe, encoder=encoder)
    assert {code: len(some) for code, some in opened.generators.items()} == {"en": 1, "de": 0}
    assert "does not write de: documents in these get no views of it" in capfd.readouterr().err


def test_a_corpus_without_documents_names_a_record_for_every_reason(tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_text('{"_id": "a", "text": ""}\nnonsense\n', encoding="utf-8")
    corpus = Corpus(str(file), CorpusSettings(on_bad_record="skip"))
    with pytest.raises(CorpusTunerError, match=r"no document that can be used:") as raised:
        detect_corpus_languages(corpus, load_recipe())
    assert str(raised.value).count("\n") == 2
    assert "corpus.jsonl:2" in str(raised.value)
    with pytest.raises(CorpusTunerError, match=r"can be used$"):
        raise_no_documents(Corpus([]))
