"""Which language a document is in, and whether the encoder reads it."""

from typing import Any

import pytest

from corpus_tuner import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.errors import command_line
from corpus_tuner.text.language_detection import describe_unread_languages, detect_document_language

FRENCH = "Le meunier moud le blé des paysans au bord de la rivière, et ils en font du pain frais."


@pytest.mark.parametrize(
    ("text", "metadata", "language"),
    [
        (FRENCH, {}, "fr"),
        (FRENCH, {"language": "de-CH"}, "de"),
        (FRENCH, {"lang": "PT_br"}, "pt"),
        (FRENCH, {"language": "Klingon", "lang": "nl"}, "nl"),
        (FRENCH, {"language": ["de"], "lang": True}, "fr"),
        ("Le pain", {}, "en"),
        ("", {}, "en"),
    ],
)
def test_the_language_of_a_document(text: str, metadata: dict[str, Any], language: str) -> None:
    document = Document("d", "", text, metadata)
    assert detect_document_language(document, Languages(("en", "de")), detect=True) == language


def test_a_recipe_that_names_the_language_is_believed() -> None:
    document = Document("d", "", FRENCH)
    assert detect_document_language(document, Languages(("en",)), detect=False) == "en"


@pytest.mark.parametrize(
    ("encoder", "shares", "advised"),
    [
        ("builtin", {"en": 1.0}, None),
        ("builtin", {"en": 0.9, "fr": 0.1}, None),
        ("builtin", {"en": 0.8, "de": 0.2}, "multilingual"),
        ("multilingual", {"fr": 1.0}, None),
        ("builtin", dict.fromkeys(["fr", "it", "es", "pt", "pl"], 0.2), "multilingual"),
        ("some/model", {"fr": 1.0}, None),
    ],
)
def test_an_encoder_that_does_not_read_a_language(
    encoder: str, shares: dict[str, float], advised: str | None
) -> None:
    with command_line():
        warning = describe_unread_languages(encoder, shares)
    assert warning is None if advised is None else f"--encoder {advised}" in str(warning)
