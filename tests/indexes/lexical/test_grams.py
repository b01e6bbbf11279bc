"""Parts of words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.grams import grams_of


def test_grams_have_the_edges_of_words() -> None:
    assert grams_of(["Mühlen am"], None, 4) == [["_müh", "mühl", "ühle", "hlen", "len_", "_am_"]]
    assert grams_of(["a"], None, 4) == [["_a_"]]


def test_stop_words_have_none() -> None:
    assert grams_of(["the mill"], "en", 4) == grams_of(["mill"], None, 4)


@given(st.lists(st.text(max_size=40), max_size=4), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_any_text_has_grams_or_none(texts: list[str], length: int) -> None:
    grams = grams_of(texts, "en", length)
    assert len(grams) == len(texts)
    assert all(0 < len(gram) <= max(length, 3) for text in grams for gram in text)
