"""Scores of several rankers, fused."""

from typing import Any, cast

import numpy as np
import pytest

from corpus_tuner.indexes.search.backend import Index
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.fusion import normalize_scores, sum_contributions
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.search_settings import SearchSettings

SCORES = {"passage": np.array([0.9, 0.2, 0.5]), "words": np.array([0.0, 4.0, 1.0])}
PASSAGES = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]])


class Passages:
    """An index of nothing but passages, which counts how often they are compared."""

    def __init__(self) -> None:
        self.compared = 0

    def compare_passages(self, query: Any, documents: Any, relevant: Any) -> Any:
        self.compared += 1
        return PASSAGES[documents] @ PASSAGES[documents][relevant].mean(axis=0)


def make_candidates(
    scores: dict[str, Any] | None = None, core: Any = None, index: Any = None
) -> Candidates:
    scores = scores or SCORES
    size = len(next(iter(scores.values())))
    core = np.ones(size, bool) if core is None else core
    return Candidates(cast("Index", index or Passages()), None, np.arange(size), scores, core)


def test_contributions_are_weighted_scores_on_one_scale() -> None:
    fused = make_candidates().fuse({"passage": 0.25, "words": 0.75}, "minmax")
    assert fused["words"].scores.tolist() == [0, 4, 1]
    assert fused["words"].weighted.tolist() == [0, 0.75, 0.1875]
    np.testing.assert_allclose(sum_contributions(fused), [0.25, 0.75, 0.294643])


def test_what_has_no_weight_is_left_out() -> None:
    assert [*make_candidates().fuse({"words": 1.0}, "minmax")] == ["words"]


def test_feedback_follows_the_others() -> None:
    candidates = make_candidates()
    fused = candidates.fuse({"words": 0.5, "feedback": 0.5}, "minmax")
    similar = candidates.compute_feedback(normalize_scores(SCORES["words"], "minmax") / 2)
    assert fused["feedback"].scores.tolist() == similar.tolist()
    weighted = normalize_scores(similar, "minmax") / 2
    assert fused["feedback"].weighted.tolist() == weighted.tolist()


def test_passages_are_compared_once_and_only_for_feedback() -> None:
    index = Passages()
    candidates = make_candidates(index=index)
    candidates.fuse({"words": 1.0}, "zscore")
    counts = [index.compared]
    for _ in range(3):
        candidates.fuse({"words": 0.5, "feedback": 0.5}, "zscore")
        counts.append(index.compared)
    assert counts == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("scores", "core", "relevant"),
    [
        ([3.0, 1.0, 2.0, 0.0], [True] * 4, [0, 2]),
        ([3.0, 2.0, 2.0, 0.0], [True] * 4, [0, 1, 2]),  # all that tie with the second
        ([3.0, 1.0, 2.0, 0.0], [False, True, True, True], [1, 2]),
        ([5.0], [True], [0]),
    ],
)
def test_feedback_compares_with_the_mean_of_the_first_two_of_the_core(
    scores: list[float], core: list[bool], relevant: list[int]
) -> None:
    candidates = make_candidates({"words": np.array(scores)}, np.array(core))
    expected = PASSAGES[: len(scores)] @ PASSAGES[relevant].mean(axis=0)
    np.testing.assert_allclose(candidates.compute_feedback(np.array(scores)), expected)


def test_similarities_count_where_no_term_is_shared() -> None:
    plan = Plan(10, {"passage": 0.3, "views": 0.3, "words": 0.4}, SearchSettings())

    def drop(words: list[float]) -> dict[str, list[float]]:
        scores = {"passage": np.ones(2), "views": np.ones(2), "words": np.array(words)}
        dropped = make_candidates(scores).drop_dense_scores(plan)
        return {name: own.tolist() for name, own in dropped.scores.items()}

    assert drop([0, 0])["passage"] == [1, 1]
    assert drop([0, 2]) == {"passage": [0, 0], "views": [0, 0], "words": [0, 2]}
