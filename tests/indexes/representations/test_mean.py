"""Passage vectors averaged with those of views."""

import numpy as np
import pytest

from corpus_tuner.indexes.representations import find_greatest, mean, open_representation, passage
from tests.indexes.representations.example import VECTORS, VIEWS


def test_mean_is_the_weighted_average() -> None:
    rows = open_representation(mean.Settings(weight=0.4)).make_rows(VIEWS, VECTORS)
    assert rows.views.tolist() == [0, 1]
    expected = np.array([0.6, 0, 0.4 / 3, 0.4 / 3, 0.4 / 3])
    np.testing.assert_allclose(rows.vectors[0], expected / np.linalg.norm(expected), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows.vectors, axis=1), 1, atol=1e-6)
    assert rows.vectors.dtype == np.float32


def test_without_views_the_passage_stays() -> None:
    alone = open_representation(mean.Settings()).make_rows(VIEWS[:1], VECTORS[:1])
    np.testing.assert_allclose(alone.vectors, VECTORS[:1])
    unmoved = open_representation(mean.Settings(weight=0)).make_rows(VIEWS[1:3], VECTORS[1:3])
    np.testing.assert_allclose(unmoved.vectors, VECTORS[1:2])


@pytest.mark.parametrize("settings", [mean.Settings(), passage.Settings(windows="all")])
def test_the_best_row_counts(settings: mean.Settings) -> None:
    similarities = np.array([0.3, 0.9, 0.8])
    parts = open_representation(settings).score(
        *find_greatest(similarities, np.array([0, 2]), np.ones(2, np.int32))
    )
    np.testing.assert_allclose(parts.combine(0.7), [0.9, 0.8], atol=1e-6)
