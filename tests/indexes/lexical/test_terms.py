"""Terms by ranker and language."""

from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms


def test_an_index_may_have_words_alone() -> None:
    assert LexicalSettings().rankers == ("words", "ngrams")
    assert LexicalSettings(ngrams=None).rankers == ("words",)


def test_a_query_has_the_terms_of_its_documents() -> None:
    for languages in ((), ("en",), ("en", "de")):
        settings = LexicalSettings(languages=languages)
        for ranker in settings.rankers:
            document = extract_terms(ranker, "The mills and the river", settings)
            assert {*extract_query_terms(ranker, "mills", settings)} & {*document.terms}


def test_headings_in_front_of_windows_are_terms_if_wanted() -> None:
    document = Document("d", "Mill", "One.\n\n# Wheel\n\nIt turns. It is of wood. It rots.")
    windows = [
        "Mill One.",
        "Mill # Wheel\n\nIt turns.",
        "Mill > Wheel It is of wood.",
        "Mill > Wheel It rots.",
    ]
    views = [*(View("d", "passage", text) for text in windows), View("d", "question", "What rots?")]
    counted = LexicalSettings(views={"question": 1})
    assert counted.split_text(document, views) == ["Mill One.\nWhat rots?", *windows[1:]]
    without = LexicalSettings(headings=False)
    assert without.split_text(document, views) == [
        *windows[:2],
        "Mill It is of wood.",
        "Mill It rots.",
    ]
    assert without.split_text(document, views[:2]) == [f"Mill\n{document.text}"]
