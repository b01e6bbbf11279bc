"""Scores of any kind on one scale."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.indexes.search.fusion import normalize_scores

DENSE = np.array([0.9, 0.5, 0.7, 0.1], np.float32)
WORDS = np.array([1.0, 8.0, 3.0, 0.0], np.float32)
FUSIONS = ["zscore", "minmax", "rrf"]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_scale_keeps_the_order(fusion: Any) -> None:
    for scores in (DENSE, WORDS):
        assert np.argsort(normalize_scores(scores, fusion)).tolist() == np.argsort(scores).tolist()


@given(factor=st.floats(0.01, 100), shift=st.floats(-10, 10), fusion=st.sampled_from(FUSIONS))
def test_the_scale_of_a_ranker_does_not_matter(factor: float, shift: float, fusion: Any) -> None:
    words = WORDS.astype(float)
    other = normalize_scores(factor * words + shift, fusion)
    np.testing.assert_allclose(other, normalize_scores(words, fusion), atol=1e-6)


def test_the_scales() -> None:
    assert normalize_scores(WORDS, "minmax").tolist() == [0.125, 1.0, 0.375, 0.0]
    scores = normalize_scores(WORDS, "zscore")
    assert abs(scores.mean()) < 1e-9
    assert abs(scores.std() - 1) < 1e-9
    tied = np.array([2.0, 2.0, 1.0], np.float32)
    assert normalize_scores(tied, "rrf").tolist() == [1 / 61, 1 / 61, 1 / 63]


def test_the_core_alone_sets_the_scale() -> None:
    core = np.array([True, False, True, True])
    assert normalize_scores(WORDS, "minmax", core).tolist() == [1 / 3, 8 / 3, 1.0, 0.0]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_equal_scores_decide_nothing(fusion: Any) -> None:
    assert len({*normalize_scores(np.full(4, 0.3, np.float32), fusion).tolist()}) == 1
    assert normalize_scores(DENSE[:0], fusion).tolist() == []
