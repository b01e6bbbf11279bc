"""Words: what counts as one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.words import forms_of, shared_words, words_of


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
    assert words_of([one], language) == words_of([other], language) != [[]]


def test_stop_words_are_left_out() -> None:
    assert words_of(["the mill and the river"], "en") == [["mill", "river"]]
    assert words_of(["die Mühle und der Fluss"], "de") == [["muhl", "fluss"]]
    assert words_of(["the mill"], "xx") == [["the", "mill"]]


@given(st.lists(st.text(max_size=40), max_size=5), st.sampled_from(["en", "de", "ru", "zh", None]))
@settings(max_examples=100, deadline=None)
def test_any_text_has_words_or_none(texts: list[str], language: str | None) -> None:
    words = words_of(texts, language)
    assert len(words) == len(texts)
    assert all(isinstance(word, str) for text in words for word in text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("水车小屋 2024年", ["水车", "车小", "小屋", "2024", "年"]),
        ("パンを焼く", ["パン", "ンを", "を焼", "焼く"]),
        ("กังหันดี", ["กั", "ัง", "งห", "หั", "ัน", "นด", "ดี"]),
        ("AI技术", ["ai", "技术"]),
    ],
)
def test_text_without_spaces_is_cut_into_pairs(text: str, words: list[str]) -> None:
    assert words_of([text], "zh") == [words]


def test_words_of_one_letter_have_a_form() -> None:
    assert words_of(["x ray"], None) == [["ray"]]
    assert forms_of(["X Rays"], "en") == [["x", "rays"]]


def test_shared_words_are_told_as_they_stand_in_the_text() -> None:
    assert shared_words(["mill"], "The Mill, a mill.", "en") == ["Mill", "mill"]
    assert shared_words(["水车"], "老水车坊", "zh") == ["老水车坊"]
