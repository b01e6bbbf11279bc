"""Two scores on one scale."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.indexes.search.settings import fuse

DENSE = np.array([0.9, 0.5, 0.7, 0.1], np.float32)
WORDS = np.array([1.0, 8.0, 3.0, 0.0], np.float32)


def order(scores: Any) -> list[int]:
    return [int(position) for position in np.argsort(-scores, kind="stable")]


@pytest.mark.parametrize("fusion", ["zscore", "minmax", "rrf"])
def test_the_weight_leads_from_one_ranking_to_the_other(fusion: Any) -> None:
    assert order(fuse(DENSE, WORDS, 0, fusion)) == order(DENSE)
    assert order(fuse(DENSE, WORDS, 1, fusion)) == order(WORDS)


@given(
    weight=st.floats(0, 1),
    scale=st.floats(0.01, 100),
    shift=st.floats(-10, 10),
    fusion=st.sampled_from(["zscore", "minmax", "rrf"]),
)
def test_the_scale_of_a_ranker_does_not_matter(
    weight: float, scale: float, shift: float, fusion: Any
) -> None:
    dense, words = DENSE.astype(float), WORDS.astype(float)
    other = fuse(dense, scale * words + shift, weight, fusion)
    np.testing.assert_allclose(other, fuse(dense, words, weight, fusion), atol=1e-6)


def test_the_scales() -> None:
    assert fuse(DENSE, WORDS, 1, "minmax").tolist() == [0.125, 1.0, 0.375, 0.0]
    scaled = fuse(DENSE, WORDS, 1, "zscore")
    assert abs(scaled.mean()) < 1e-9
    assert abs(scaled.std() - 1) < 1e-9
    tied = np.array([2.0, 2.0, 1.0], np.float32)
    assert fuse(tied, tied, 0.5, "rrf").tolist() == [1 / 61, 1 / 61, 1 / 63]


@pytest.mark.parametrize("fusion", ["zscore", "minmax", "rrf"])
def test_equal_scores_decide_nothing(fusion: Any) -> None:
    same = np.full(4, 0.3, np.float32)
    assert order(fuse(same, WORDS, 0.5, fusion)) == order(WORDS)
    assert fuse(same[:0], same[:0], 0.5, fusion).tolist() == []
