"""Words: what counts as one."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.words import (
    extract_document_words,
    extract_query_words,
    extract_words,
    remove_stop_words,
    split_words,
    tokenize_query,
)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "connected", "connections"),
        ("de", "Häuser", "HAUS"),
        ("de", "Häuser", "Ha\u0308user"),  # the same letters, put together otherwise
        ("pt", "livros", "livro"),
        ("xx", "Mill", "mill"),
        (None, "Mill", "mill"),
    ],
)
def test_forms_of_a_word_are_one(language: str | None, one: str, other: str) -> None:
    assert extract_words(one, language) == extract_words(other, language) != []


def test_stop_words_are_left_out() -> None:
    assert extract_words("the mill and the river", "en") == ["mill", "river"]
    assert extract_words("die Mühle und der Fluss", "de") == ["muhl", "fluss"]
    assert extract_words("the mill", "xx") == ["the", "mill"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Donau\u00addampf\u00adschiff", "Donaudampfschiff"),
        ("en", "data\u200bbase", "database"),
        ("en", "inter\u2060national", "international"),
        ("en", "tele\ufeffscope", "telescope"),
        ("ar", "المَدْرَسَة", "المدرسه"),
        ("ar", "كتاب", "الكِتاب"),
        ("hi", "हिन्दी", "हिंदी"),
        ("tr", "DIŞARI", "dışarı"),
        ("en", "P-200", "P\u2011200"),
    ],
)
def test_spellings_of_a_word_are_one(language: str, one: str, other: str) -> None:
    assert extract_words(one, language) == extract_words(other, language) != []


@pytest.mark.parametrize("other", ["کتابها", "کتاب ها", "كتاب\u200cها"])
def test_parts_of_persian_words_are_found_however_they_are_joined(other: str) -> None:
    words = extract_words("کتاب\u200cها", "fa")
    assert {*extract_words(other, "fa")} & {*words} - {"ها"}


def test_stop_words_are_indexed_but_do_not_count() -> None:
    document = extract_document_words("to be, or not: the mill", "en")
    assert document.length == 1
    assert {"mill", " to", " be", " to be", " be or", " or not", " the"} <= {*document.terms}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("the mills", ["mill"]),
        ("The The", [" the", " the", " the the"]),
        ("IT", [" it"]),
        ("it", [" it"]),
        ("IT mills", ["mill", " it"]),
        ("it mills", ["mill"]),
        ("IT MILLS", ["mill"]),
        ("the C", [" the", " c", " the c"]),
        ("C mills", ["mill"]),
        ("the U.S. mill", ["mill", "us"]),
        ("e.g. this mill", ["mill"]),
        ("C++", ["c++"]),
        ("...", []),
    ],
)
def test_words_of_queries(query: str, words: list[str]) -> None:
    assert extract_query_words(tokenize_query(query), "en") == words


def test_stop_words_of_the_language_of_a_query_are_left_out() -> None:
    assert remove_stop_words(["Die", "Mühle"], "de") == ["Mühle"]
    assert remove_stop_words(["die", "die"], "de") == ["die", "die"]
    assert remove_stop_words(["the", "IT", "mill"], "en") == ["IT", "mill"]


@pytest.mark.parametrize(
    ("language", "query", "text"),
    [
        ("te", "రైతులు", "రైతులు వరి"),
        ("ko", "서울", "서울은"),
        ("ko", "물", "물은"),
        ("zh", "猫", "我家的猫喜欢"),
        ("ja", "猫", "猫を飼う"),
        ("th", "ปู", "กินปูดี"),
        ("en", "3.11.2", "Python 3.11.2."),
        ("en", "1000", "1,000 mills"),
        ("en", "USA", "the U.S.A."),
        ("en", "F#", "F# and C"),
    ],
)
def test_terms_of_a_query_are_those_of_documents(language: str, query: str, text: str) -> None:
    document = extract_document_words(text, language)
    assert {*extract_query_words(tokenize_query(query), language)} <= {*document.terms}


@given(st.text(max_size=40), st.sampled_from(["en", "de", "ru", "zh", None]))
@settings(max_examples=100, deadline=None)
def test_any_text_has_words_or_none(text: str, language: str | None) -> None:
    assert all(word and isinstance(word, str) for word in extract_words(text, language))
    document = extract_document_words(text, language)
    assert 0 <= document.length <= len(document.terms)
    assert {*extract_query_words(tokenize_query(text), language)} <= {*document.terms}


@given(st.text(max_size=40), st.data())
@settings(max_examples=200, deadline=None)
def test_words_do_not_depend_on_the_form_of_a_text(text: str, data: st.DataObject) -> None:
    right = extract_words(text, "en")
    for form in ("NFC", "NFD"):
        assert extract_words(unicodedata.normalize(form, text), "en") == right
    at = data.draw(st.integers(0, len(text)))
    assert extract_words(f"{text[:at]}\u00ad{text[at:]}", "en") == right
    assert extract_words(text.casefold(), "en") == right


def test_forms_are_not_stemmed() -> None:
    assert extract_words("x ray", None) == ["ray"]
    assert split_words("rays", "en") == (["rays"], [])
    assert split_words("x", "en") == (["x"], [])
    assert split_words("the", "en") == ([], [])
