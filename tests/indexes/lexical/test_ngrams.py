"""Character n-grams."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.ngrams import extract_document_ngrams, extract_query_ngrams


def ngrams_of(text: str, language: str | None = None) -> list[str]:
    return extract_document_ngrams(text, language, 4).terms


def test_ngrams_have_the_edges_of_words() -> None:
    assert ngrams_of("Mühlen am") == ["_müh", "mühl", "ühle", "hlen", "len_", "_am_"]
    assert ngrams_of("a") == ["_a_"]


def test_stop_words_have_none() -> None:
    assert ngrams_of("the mill", "en") == ngrams_of("mill")


@pytest.mark.parametrize(
    ("query", "text"), [("猫", "我家的猫"), ("서울", "서울은"), ("물", "물은")]
)
def test_ngrams_of_a_word_in_running_text_are_found(query: str, text: str) -> None:
    assert {*extract_query_ngrams([query], None, 4)} <= {*ngrams_of(text)}


def test_parts_of_words_do_not_count_in_the_length() -> None:
    document = extract_document_ngrams("서울에서", "ko", 4)
    assert document.length == 3 < len(document.terms)


@given(st.text(max_size=40), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_any_text_has_ngrams_or_none(text: str, length: int) -> None:
    terms = extract_document_ngrams(text, "en", length).terms
    assert all(0 < len(term) <= length or term.strip("_") for term in terms)
