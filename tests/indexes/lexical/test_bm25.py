"""Documents found by their terms, and what BM25 makes of these."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalRanker, LexicalSettings, bm25
from corpus_tuner.indexes.lexical.bm25 import BM25, LexicalIndex
from corpus_tuner.indexes.lexical.postings import write_postings
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms
from corpus_tuner.indexes.lexical.words import extract_words

ENGLISH = LexicalSettings(languages=("en",))
TEXTS = [
    "the mill by the river",
    "wheat and barley",
    "The mills of the mill valley",
    "...",
    "river",
]
WORDS = ["mill", "river", "wheat", "barley", "valley"]
ONE_EACH = np.ones(len(TEXTS), np.int32)


def open_index(
    folder: Path,
    texts: list[str],
    segments: int = 1,
    ranker: LexicalRanker = "words",
    language: str = "en",
) -> LexicalIndex:
    """The terms of texts that lie in some segments."""
    chosen = LexicalSettings(languages=(language,))
    folders = []
    for number in range(segments):
        part = folder / str(number)
        part.mkdir(exist_ok=True, parents=True)
        start, end = (edge * len(texts) // segments for edge in (number, number + 1))
        write_postings(
            (extract_terms(ranker, text, chosen) for text in texts[start:end]), part, ranker
        )
        folders.append(part)
    one = np.ones(len(texts), np.int32)
    return LexicalIndex(folders, ranker, chosen, one, one.astype(bool))


def scores(index: LexicalIndex, query: str, how: BM25 | None = None) -> list[float]:
    return [float(score) for score in index.score(query, how or BM25())]


def expected(
    query: str, texts: list[str], how: BM25 | None = None, ranker: LexicalRanker = "words"
) -> list[float]:
    """BM25 as Lucene has it, straight from the formula."""
    k1, b = (how or BM25()).k1, (how or BM25()).b
    documents = [extract_terms(ranker, text, ENGLISH) for text in texts]
    mean = sum(document.length for document in documents) / len(documents)
    scores = [0.0] * len(texts)
    for word in extract_query_terms(ranker, query, ENGLISH):
        having = sum(word in document.terms for document in documents)
        rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for number, document in enumerate(documents):
            count = document.terms.count(word)
            half = k1 * (1 - b + b * document.length / mean)
            scores[number] += rarity * count / (count + half)
    return scores


@pytest.mark.parametrize("ranker", LEXICAL_RANKERS)
@pytest.mark.parametrize("segments", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "query", ["mill", "river mill river", "wheat unknown", "unknown", "the", ""]
)
def test_scores_are_those_of_the_formula(
    tmp_path: Path, query: str, segments: int, ranker: LexicalRanker
) -> None:
    index = open_index(tmp_path, TEXTS, segments, ranker)
    right = expected(query, TEXTS, ranker=ranker)
    np.testing.assert_allclose(scores(index, query), right, rtol=1e-9)
    again = index.score_texts(query, TEXTS, BM25())
    np.testing.assert_allclose(again, right, rtol=1e-9)


def test_scores_are_those_of_bm25s(tmp_path: Path) -> None:
    import bm25s

    texts = [" ".join(TEXTS[: 1 + number % 5]) + " mill" * (number % 3) for number in range(40)]
    index = open_index(tmp_path, texts, 2)
    engine = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    engine.index([extract_words(text, "en") for text in texts], show_progress=False)
    for query in ("mill river", "wheat barley mill"):
        words = extract_words(query, "en")
        found = scores(index, query, how=BM25(k1=1.2, b=0.75))
        np.testing.assert_allclose(found, engine.get_scores(words), rtol=1e-5)


def test_parameters_count(tmp_path: Path) -> None:
    index = open_index(tmp_path, TEXTS)
    for how in (BM25(k1=1.5, b=0.75), BM25(k1=0.1, b=0.9), BM25()):
        found = scores(index, "mill", how=how)
        np.testing.assert_allclose(found, expected("mill", TEXTS, how), rtol=1e-9)


def test_how_often_need_not_count(tmp_path: Path) -> None:
    index = open_index(tmp_path, TEXTS)
    _, _, third, *_ = scores(index, "mill barley", how=BM25(k1=0))
    assert third == scores(index, "mill", how=BM25(k1=0))[0]
    again = index.score_texts("mill barley", [TEXTS[2]], BM25(k1=0))
    assert again.tolist() == [pytest.approx(third)]


def test_a_word_that_is_there_very_often(tmp_path: Path) -> None:
    texts = ["mill " * 70_000, "mill " * 300, "river"]
    np.testing.assert_allclose(scores(open_index(tmp_path, texts), "mill"), expected("mill", texts))


@pytest.mark.parametrize("texts", [["..."], ["the", ""], ["a", "..."]])
def test_a_corpus_without_words(tmp_path: Path, texts: list[str]) -> None:
    assert scores(open_index(tmp_path, texts), "mill the") == [0.0] * len(texts)


def test_stop_words_alone_find_what_they_quote(tmp_path: Path) -> None:
    texts = [
        "The mill of the river is the one",
        "The The played",
        "That is to be, or not",
        "IT staff",
    ]
    index = open_index(tmp_path, texts)
    for query, best in (("The The", 1), ("the the", 1), ("to be or not", 2), ("IT", 3)):
        found = scores(index, query)
        assert found[best] == max(found) > 0
    assert scores(index, "the mill") == scores(index, "mill")
    assert scores(index, "IT mill")[3] > scores(index, "it mill")[3] == 0


def test_stop_words_and_compounds_do_not_count_in_the_length(tmp_path: Path) -> None:
    texts = ["mill river", "the mill by the river", "mill 4.2 and river"]
    index = open_index(tmp_path, texts)
    assert index.statistics.mean == 2
    first, second, third = scores(index, "mill")
    assert first == second == third


@pytest.mark.parametrize("ranker", LEXICAL_RANKERS)
@pytest.mark.parametrize("file", ["keys", "starts", "windows", "counts"])
def test_a_damaged_file(tmp_path: Path, ranker: LexicalRanker, file: str) -> None:
    open_index(tmp_path, TEXTS, ranker=ranker)
    (tmp_path / "0" / f"{ranker}.{file}.npy").write_text("{}", encoding="utf-8")
    with pytest.raises(SearchIndexError, match=rf"{ranker}\.{file}\.npy is damaged"):
        LexicalIndex([tmp_path / "0"], ranker, LexicalSettings(), ONE_EACH, ONE_EACH.astype(bool))


def test_ngrams_find_what_words_do_not(tmp_path: Path) -> None:
    texts = ["Die Wassermühle am Bach", "Ein Windrad", "Wasserfarben"]
    assert scores(open_index(tmp_path, texts, language="de"), "Mühle") == [0, 0, 0]
    ngrams = open_index(tmp_path, texts, ranker="ngrams", language="de")
    first, second, third = scores(ngrams, "Mühle")
    assert first > 0 == second == third


def test_postings_of_windows_that_are_not_there(tmp_path: Path) -> None:
    open_index(tmp_path, TEXTS)
    file = tmp_path / "0" / "words.windows.npy"
    np.save(file, np.load(file) + np.uint8(40))
    damaged = LexicalIndex([tmp_path / "0"], "words", ENGLISH, ONE_EACH, ONE_EACH.astype(bool))
    with pytest.raises(SearchIndexError, match=r"the words in .* are damaged"):
        damaged.score("mill", BM25())


def test_a_document_is_scored_by_its_best_window(tmp_path: Path) -> None:
    texts = ["the mill", "the river", "mill river mill", "a bread"]
    windows = open_index(tmp_path, texts)
    by_window = scores(windows, "mill river")
    counts, live = np.array([1, 2, 1], np.int32), np.ones(3, bool)
    index = LexicalIndex([tmp_path / "0"], "words", ENGLISH, counts, live)
    assert scores(index, "mill river") == [by_window[0], max(by_window[1:3]), by_window[3]]
    live[1] = False
    gone = LexicalIndex([tmp_path / "0"], "words", ENGLISH, counts, live)
    assert scores(gone, "mill river")[1] == 0
    assert gone.statistics.windows == 2


def test_windows_of_other_documents(tmp_path: Path) -> None:
    open_index(tmp_path, TEXTS)
    with pytest.raises(SearchIndexError, match="windows"):
        LexicalIndex([tmp_path / "0"], "words", ENGLISH, ONE_EACH + 1, ONE_EACH.astype(bool))


def test_counts_of_all_sizes_are_scored(tmp_path: Path) -> None:
    texts = ["mill " * count + "river" for count in (1, 3, 4, 67, 68, 81, 255, 256, 70_000)]
    np.testing.assert_allclose(scores(open_index(tmp_path, texts), "mill"), expected("mill", texts))


@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=4),
    segments=st.integers(1, 4),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_candidates_of_a_large_index_are_those_of_a_small_one(
    texts: list[str], segments: int, data: st.DataObject
) -> None:
    total = len(texts)
    windows = np.ones(total, np.int32)
    if segments == 1 and data.draw(st.booleans()):  # two windows of the first document
        windows = np.array([2, *windows[2:]], np.int32)
    flags = st.lists(st.booleans(), min_size=len(windows), max_size=len(windows))
    live = np.array(data.draw(flags))
    only = np.flatnonzero(data.draw(flags)) if data.draw(st.booleans()) else None
    query = " ".join(data.draw(st.lists(st.sampled_from(WORDS), max_size=4)))
    size, block = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        open_index(Path(folder), texts, segments)
        folders = [Path(folder, str(number)) for number in range(segments)]
        small = LexicalIndex(folders, "words", ENGLISH, windows, live)
        patched.setattr(bm25, "_BLOCK", block)
        patched.setattr(bm25, "LEADING_DOCUMENTS", 0)
        large = LexicalIndex(folders, "words", ENGLISH, windows, live)
        exact = small.score(query, BM25())
        assert large.score(query, BM25()).tolist() == exact.tolist()
        every = np.array(data.draw(st.permutations(range(len(windows)))))
        assert large.score_documents(query, BM25(), every).tolist() == exact[every].tolist()
        found = large.find_candidates(query, BM25(), size, only)
        assert found.tolist() == small.find_candidates(query, BM25(), size, only).tolist()
        passing = [at for at in np.flatnonzero(exact) if only is None or at in only]
        least = sorted(exact[passing])[-size] if len(passing) >= size else 0
        assert found.tolist() == [at for at in passing if exact[at] >= least]
        patched.setattr(bm25, "MOST_POSTINGS", 2)
        approximate = large.find_candidates(query, BM25(), size, only)
        assert set(approximate.tolist()) <= set(passing)
        left = [text for text, kept in zip(texts, live, strict=False) if kept]
        if only is None and len(windows) == total and left:
            fresh = open_index(Path(folder, "fresh"), left)
            again = fresh.find_candidates(query, BM25(), size)
            assert np.flatnonzero(live)[again].tolist() == approximate.tolist()


def test_candidates_of_many_postings_have_a_rare_term(tmp_path: Path) -> None:
    texts = ["mill river", "mill wheat", *["mill"] * 20, "river barley"]
    index = open_index(tmp_path, texts)
    every = index.find_candidates("mill river", BM25(), 23)
    assert len(every) == 23
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bm25, "_BLOCK", 4)
        patched.setattr(bm25, "LEADING_DOCUMENTS", 0)
        patched.setattr(bm25, "MOST_POSTINGS", 3)
        large = open_index(tmp_path, texts)
        assert large.find_candidates("mill river", BM25(), 23).tolist() == [0, 22]
        assert large.find_candidates("mill river", BM25(), 1).tolist() == [0]
        assert large.find_candidates("mill", BM25(), 1).tolist() == list(range(2, 22))
