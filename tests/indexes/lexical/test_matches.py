"""The words of a text that a query has."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.lexical.matches import compile_words_pattern, find_shared_words
from corpus_tuner.indexes.lexical.terms import extract_query_terms

LANGUAGES = ("en", "de", "ko", "zh", "hi", "th")


def shared(query: str, text: str, language: str = "en") -> list[str]:
    asked = extract_query_terms("words", query, LexicalSettings(languages=(language,)))
    return find_shared_words(asked, text, language)


@pytest.mark.parametrize(
    ("language", "query", "text", "words"),
    [
        ("en", "mills", "The Mill, a mill.", ["Mill", "mill"]),
        ("en", "the mill", "the mill", ["mill"]),
        ("en", "The The", "The The played", ["The"]),
        ("en", "IT mill", "it is IT", ["IT", "it"]),
        ("en", "3.11.2", "Version 3.11.2, not 3.11.4", ["11", "3", "3.11.2"]),
        ("en", "200", "the P-200", ["200"]),
        ("en", "P200", "the P-200", ["P-200"]),
        ("en", "C++", "C++ and C", ["C++"]),
        ("en", ".net", "on .NET", [".NET"]),
        ("de", "Dampfschiff", "Dampf\u00adschiff", ["Dampf\u00adschiff"]),
        ("zh", "水车", "老水车坊", ["水车"]),
        ("zh", "猫", "我家的猫", ["猫"]),
        ("zh", "太阳", "太大", []),
        ("ko", "서울", "서울은 크다", ["서울"]),
        ("ko", "물", "물은", ["물"]),
        ("hi", "हिंदी", "हिन्दी भाषा", ["हिन्दी"]),
        ("th", "หมา", "หมาดี", ["หมา"]),
    ],
)
def test_words_are_shown_as_they_stand_in_the_text(
    language: str, query: str, text: str, words: list[str]
) -> None:
    assert shared(query, text, language) == words


def test_words_are_found_again_as_words_alone() -> None:
    assert compile_words_pattern(["mill", "C++", "水车"]).findall(
        "C++ mill millstone 老水车坊"
    ) == [
        "C++",
        "mill",
        "水车",
    ]


@given(
    st.text(st.sampled_from("aB1.-+# 猫茶ンกั서울\u00ad\u0301\u0640"), max_size=20),
    st.text(st.sampled_from("aB1.-+# 猫茶ンกั서울\u00ad\u0301\u0640"), max_size=40),
    st.sampled_from(LANGUAGES),
)
@settings(max_examples=300, deadline=None)
def test_all_shared_words_stand_in_the_text(query: str, text: str, language: str) -> None:
    for word in shared(query, text, language):
        assert word in text
        assert compile_words_pattern([word]).search(text)
