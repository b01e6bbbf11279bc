"""Scores are cached and limited in time."""

import sys
import time
from collections.abc import Sequence

import numpy as np
import pytest

from corpus_tuner import SearchIndexError, SearchSettings, load_recipe
from corpus_tuner.rerankers import Reranker, RerankerSettings
from corpus_tuner.rerankers import reranker as module
from corpus_tuner.rerankers.reranker import Scores


class Lengths:
    """Scores a text by its length, and notes what it reads."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.read: list[list[str]] = []
        self._seconds = seconds

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        self.read.append([*texts])
        time.sleep(self._seconds)
        return np.array([len(query + text) for text in texts], np.float64)


def test_what_was_scored_is_not_scored_again() -> None:
    model = Lengths()
    reranker = Reranker(model)
    assert reranker.score("q", ["a", "bb", "a"]).tolist() == [2, 3, 2]
    assert reranker.score("q", ["ccc", "bb"]).tolist() == [4, 3]
    assert reranker.score("qq", ["a"]).tolist() == [3]
    assert reranker.score("q", []).tolist() == []
    assert model.read == [["a", "bb"], ["ccc"], ["a"]]


def test_the_cache_forgets_what_was_not_used_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_SIZE", 2)
    model = Lengths()
    reranker = Reranker(model)
    for texts in (["a"], ["b"], ["a"], ["c"], ["a"], ["b"]):
        reranker.score("q", texts)
    assert model.read == [["a"], ["b"], ["c"], ["b"]]


def test_after_the_deadline_nothing_is_scored_but_what_is_cached() -> None:
    texts = [f"text {number}" for number in range(20)]
    model = Lengths(seconds=0.1)
    reranker = Reranker(model)
    scores = reranker.score("q", texts, time.monotonic() + 0.05)
    assert np.isnan(scores).tolist() == [False] * 8 + [True] * 12
    later = reranker.score("q", texts[::-1], time.monotonic())
    assert np.array_equal(later[::-1], scores, equal_nan=True)
    assert not np.isnan(reranker.score("q", texts)).any()
    assert [len(batch) for batch in model.read] == [8, 12]


def test_a_name_is_enough() -> None:
    recipe = load_recipe(None, ["search.reranker=some/model"])
    assert recipe.search.reranker == RerankerSettings(name="some/model")
    assert SearchSettings(reranker="some/model") == recipe.search
    with pytest.raises(SearchIndexError, match=r"reranker\.candidates"):
        SearchSettings(reranker={"name": "m", "candidates": 0})


def test_without_sentence_transformers_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "corpus_tuner.rerankers.cross_encoder", None)
    with pytest.raises(SearchIndexError, match=r"the reranker 'm' needs an extra: .*\[build\]"):
        Reranker.open(RerankerSettings(name="m"))
