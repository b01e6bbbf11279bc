"""Scores of several rankers, added up."""

import numpy as np

from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.indexes.search.pseudo_relevance_feedback import feedback, nearness_of
from corpus_tuner.indexes.search.weighted_sum import Blend, total

SCORES = {"passage": np.array([0.9, 0.2, 0.5]), "words": np.array([0.0, 4.0, 1.0])}
PASSAGES = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
CORE = np.ones(3, bool)


def blend() -> Blend:
    return Blend(SCORES, CORE, "minmax", nearness_of(lambda: PASSAGES))


def test_parts_are_weighted_scores_on_one_scale() -> None:
    brought = blend().brought({"passage": 0.25, "words": 0.75})
    assert brought["words"].scores.tolist() == [0, 4, 1]
    assert brought["words"].parts.tolist() == [0, 0.75, 0.1875]
    np.testing.assert_allclose(total(brought), [0.25, 0.75, 0.294643])


def test_what_has_no_weight_is_left_out() -> None:
    assert [*blend().brought({"words": 1.0})] == ["words"]


def test_feedback_follows_the_others() -> None:
    brought = blend().brought({"words": 0.5, "feedback": 0.5})
    similar = feedback(
        nearness_of(lambda: PASSAGES), normalize_scores(SCORES["words"], "minmax") / 2
    )
    assert brought["feedback"].scores.tolist() == similar.tolist()
    assert brought["feedback"].parts.tolist() == (normalize_scores(similar, "minmax") / 2).tolist()


def test_passages_are_fetched_once_and_only_for_feedback() -> None:
    fetched = []

    def fetch() -> np.ndarray:
        fetched.append(1)
        return PASSAGES

    made = Blend(SCORES, CORE, "zscore", nearness_of(fetch))
    made.brought({"words": 1.0})
    assert not fetched
    for _ in range(3):
        made.brought({"words": 0.5, "feedback": 0.5})
    assert len(fetched) == 1
