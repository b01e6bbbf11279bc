"""Languages of a corpus, and language identification among them."""

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages, get_given_language


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"language": "de-CH"}, "de"),
        ({"lang": " EN_us "}, "en"),
        ({"language": "klingon", "lang": "fr"}, "fr"),
        ({"language": 7}, None),
        ({"language": ""}, None),
        ({}, None),
    ],
)
def test_the_language_in_the_metadata(metadata: dict[str, object], code: str | None) -> None:
    assert get_given_language(Document("d", "", "Text.", metadata)) == code


def test_only_languages_of_the_corpus_are_detected() -> None:
    german = "Der Müller mahlt das Korn am Fluss."
    assert Languages(("en", "de")).detect_text(german) == "de"
    assert Languages(("en", "de")).detect_text("Le meunier moud le blé.") in ("en", "de")
    assert Languages(("en",)).detect_text(german) == "en"
    assert Languages(()).detect_text(german) == Languages(()).main == ""


def test_the_title_counts() -> None:
    languages = Languages(("en", "de"))
    assert languages.detect(Document("d", "Der Müller mahlt das Korn am Fluss", "")) == "de"


def test_the_language_of_a_query_is_known_or_empty() -> None:
    languages = Languages(("en", "de"))
    assert languages.detect_query("Wie hoch ist die Miete für eine Wohnung?") == "de"
    assert languages.detect_query("x") == ""
    assert Languages(("de",)).detect_query("x") == "de"
