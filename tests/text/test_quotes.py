"""Quotes are found in their text, whatever white space is between their words."""

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.text.quotes import find_quote

words = st.lists(st.text("abc.*", min_size=1, max_size=2), min_size=1, max_size=5)


@given(words, words, words, st.sampled_from([" ", "\n", " \t\n", "\u2003"]))
def test_words_are_found_across_white_space(
    before: list[str], quote: list[str], after: list[str], space: str
) -> None:
    text = space.join([*before, *quote, *after])
    span = find_quote(text, " ".join(quote))
    assert span
    assert text[slice(*span)].split() == quote


def test_a_search_begins_where_it_is_told_to() -> None:
    assert find_quote("It turns. It turns.", "It turns.", 1) == (10, 19)
    assert find_quote("It\nturns. It\nturns.", "It turns.", 1) == (10, 19)


def test_what_is_not_there_is_not_found() -> None:
    assert find_quote("It turns.", "It grinds.") is None
    assert find_quote("It turns. wheel It", "It wheel") is None
    assert find_quote("It turns.", "  ") is None
