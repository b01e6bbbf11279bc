"""Words: what counts as one, and what BM25 makes of them."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalIndex, bm25, open_lexical, write_lexical
from corpus_tuner.indexes.lexical.words import words_of

TEXTS = [
    "the mill by the river",
    "wheat and barley",
    "The mills of the mill valley",
    "...",
    "river",
]


def open_index(folder: Path, texts: list[str], segments: int = 1, **values: object) -> LexicalIndex:
    """The words of texts that lie in some segments."""
    chosen = bm25.Settings.model_validate({"language": "en", **values})
    folders = []
    for number in range(segments):
        part = folder / str(number)
        part.mkdir()
        start, end = (edge * len(texts) // segments for edge in (number, number + 1))
        write_lexical(texts[start:end], part, chosen)
        folders.append(part)
    return open_lexical(folders, chosen.model_dump())


def scores(index: LexicalIndex, query: str) -> list[float]:
    return [float(score) for part in index.scores(query) for score in part]


def expected(query: str, texts: list[str], k1: float = 0.9, b: float = 0.4) -> list[float]:
    """BM25 as Lucene has it, straight from the formula."""
    documents = words_of(texts, "en")
    mean = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(texts)
    for word in words_of([query], "en")[0]:
        having = sum(word in document for document in documents)
        rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for number, document in enumerate(documents):
            count = document.count(word)
            scores[number] += rarity * count / (count + k1 * (1 - b + b * len(document) / mean))
    return scores


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "query", ["mill", "river mill river", "wheat unknown", "unknown", "the", ""]
)
def test_scores_are_those_of_the_formula(tmp_path: Path, query: str, segments: int) -> None:
    index = open_index(tmp_path, TEXTS, segments)
    np.testing.assert_allclose(scores(index, query), expected(query, TEXTS), rtol=1e-9)
    again = [index.score_text(query, text) for text in TEXTS]
    np.testing.assert_allclose(again, expected(query, TEXTS), rtol=1e-9)


def test_scores_are_those_of_bm25s(tmp_path: Path) -> None:
    import bm25s

    texts = [" ".join(TEXTS[: 1 + number % 5]) + " mill" * (number % 3) for number in range(40)]
    index = open_index(tmp_path, texts, 2, k1=1.2, b=0.75)
    engine = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    engine.index(words_of(texts, "en"), show_progress=False)
    for query in ("mill river", "wheat barley mill"):
        (words,) = words_of([query], "en")
        np.testing.assert_allclose(scores(index, query), engine.get_scores(words), rtol=1e-5)


def test_parameters_count(tmp_path: Path) -> None:
    index = open_index(tmp_path, TEXTS, k1=1.5, b=0.75)
    found = scores(index, "mill")
    np.testing.assert_allclose(found, expected("mill", TEXTS, 1.5, 0.75), rtol=1e-9)


def test_a_word_that_is_there_very_often(tmp_path: Path) -> None:
    texts = ["mill " * 70_000, "mill " * 300, "river"]
    np.testing.assert_allclose(scores(open_index(tmp_path, texts), "mill"), expected("mill", texts))


@pytest.mark.parametrize("texts", [["..."], ["the", ""], ["a", "..."]])
def test_a_corpus_without_words(tmp_path: Path, texts: list[str]) -> None:
    assert scores(open_index(tmp_path, texts), "mill the") == [0.0] * len(texts)


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


@pytest.mark.parametrize("name", ["words.json", "words.starts.npy", "words.counts.npy"])
def test_a_damaged_file(tmp_path: Path, name: str) -> None:
    open_index(tmp_path, TEXTS)
    (tmp_path / "0" / name).write_text("{}", encoding="utf-8")
    with pytest.raises(SearchIndexError, match="the words in"):
        open_lexical([tmp_path / "0"], bm25.Settings().model_dump())
