"""Feedback: near the first hits is good."""

import numpy as np

from corpus_tuner.indexes.search.pseudo_relevance_feedback import feedback, nearness_of

PASSAGES = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]])
NEARNESS = nearness_of(lambda: PASSAGES)


def test_the_mean_of_the_first_two_is_looked_for() -> None:
    expected = PASSAGES @ ((PASSAGES[0] + PASSAGES[2]) / 2)
    np.testing.assert_allclose(feedback(NEARNESS, np.array([3.0, 1.0, 2.0, 0.0])), expected)


def test_all_that_tie_with_the_second_count() -> None:
    expected = PASSAGES @ PASSAGES[:3].mean(axis=0)
    np.testing.assert_allclose(feedback(NEARNESS, np.array([3.0, 2.0, 2.0, 0.0])), expected)


def test_one_document_is_its_own_neighbour() -> None:
    assert feedback(nearness_of(lambda: PASSAGES[:1]), np.array([5.0])).tolist() == [1.0]


def test_only_documents_of_the_core_are_taken_for_relevant() -> None:
    core = np.array([False, True, True, True])
    expected = PASSAGES @ ((PASSAGES[1] + PASSAGES[2]) / 2)
    scores = np.array([3.0, 1.0, 2.0, 0.0])
    np.testing.assert_allclose(feedback(NEARNESS, scores, core), expected)
