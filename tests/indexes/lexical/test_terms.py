"""Terms by ranker and language."""

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
