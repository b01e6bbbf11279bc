"""Extracted keywords and summaries."""

from collections.abc import Sequence
from typing import Any

from corpus_tuner import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.generation.generators import Generator, Written, open_generator
from corpus_tuner.generation.generators.extractive import Settings as Extractive
from corpus_tuner.generation.prompts import load_instructions
from corpus_tuner.text.document_encoding import DocumentEncoder, EncodedDocument
from corpus_tuner.text.passages import PassageSettings, get_full_text
from corpus_tuner.text.views import ViewSettings

MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")


COURT = Document("b", "Rent", "The tenant pays rent. A judge may lower the rent by law. Yes.")


EMPTY = Document("c", "", "??")


def read(
    documents: Sequence[Document], generator: Generator, encoder: Any
) -> list[EncodedDocument]:
    reader = DocumentEncoder(encoder, Languages(("en",)), PassageSettings(), ViewSettings())
    return reader.encode(documents, [generator.spans(document, "en") for document in documents])


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
