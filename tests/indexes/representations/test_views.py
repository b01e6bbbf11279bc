"""Every view with its vector, and scores by the best of them."""

import numpy as np

from corpus_tuner.core.documents import View
from corpus_tuner.indexes.representations import count_windows, open_representation, views
from tests.indexes.representations.example import VECTORS, VIEWS


def test_views_keeps_every_vector() -> None:
    rows = open_representation(views.Settings()).make_rows(VIEWS, VECTORS)
    assert rows.views.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(rows.vectors, VECTORS)


def test_near_equal_views_are_left_out() -> None:
    near = np.array([0, 0, 0.8, 0.6, 0], np.float32)  # a cosine of 0.8 with the title
    vectors = np.stack([VECTORS[0], VECTORS[0], VECTORS[2], near, VECTORS[3]])
    rows = open_representation(views.Settings(distinct=0.7)).make_rows(VIEWS, vectors)
    assert rows.views.tolist() == [0, 1, 2, 4]  # what is left out leaves nothing out
    assert np.array_equal(rows.vectors, vectors[[0, 1, 2, 4]])
    rows = open_representation(views.Settings(distinct=0.9)).make_rows(VIEWS, vectors)
    assert rows.views.tolist() == [0, 1, 2, 3, 4]
    passage_alone = open_representation(views.Settings(distinct=0.5)).make_rows(
        VIEWS[:1], vectors[:1]
    )
    assert passage_alone.views.tolist() == [0]


def test_what_was_invented_counts_less() -> None:
    written = [*VIEWS[:3], View("a", "title", "title", invented=True)]
    rows = open_representation(views.Settings(invented=0.75)).make_rows(written, VECTORS[:4])
    assert rows.vectors.max(axis=1).tolist() == [1, 1, 1, 0.75]


def test_views_scores_by_passage_and_best_view() -> None:
    similarities = np.array([0.3, 0.1, 0.9, 0.5, 0.8])
    one_each = np.ones(2, np.int32)
    parts = open_representation(views.Settings()).score(similarities, np.array([0, 4]), one_each)
    assert parts.passage.tolist() == [0.3, 0.8]
    assert parts.views.tolist() == [0.9, 0.8]  # alone, the passage stands for both
    np.testing.assert_allclose(parts.combine(0.25), [0.45, 0.8], atol=1e-6)


def test_a_long_document_is_scored_by_its_best_passage() -> None:
    similarities = np.array([0.3, 0.7, 0.9, 0.5, 0.8, 0.4])
    windows = np.array([2, 2], np.int32)
    parts = open_representation(views.Settings()).score(similarities, np.array([0, 4]), windows)
    assert parts.passage.tolist() == [0.7, 0.8]
    assert parts.views.tolist() == [0.9, 0.8]


def test_all_passages_of_a_long_document_are_indexed() -> None:
    long = [View("a", "passage", text) for text in ("one", "two", "three", "four")]
    vectors = np.array([[1, 0]] * 5, np.float32)
    own = [*long, View("a", "title", "title")]
    rows = open_representation(views.Settings(distinct=0.9)).make_rows(own, vectors)
    assert rows.views.tolist() == [0, 1, 2, 3, 4]
    assert [count_windows(own[:size]) for size in (1, 3, 4, 5)] == [1, 1, 4, 4]
