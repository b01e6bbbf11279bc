"""Every view with its vector, and scores by the best of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.core.documents import View
from corpus_tuner.indexes.representations import (
    count_windows,
    find_greatest,
    open_representation,
    views,
)
from tests.indexes.representations.example import VECTORS, VIEWS


def test_views_keeps_every_vector() -> None:
    rows = open_representation(views.Settings()).make_rows(VIEWS, VECTORS)
    assert rows.views.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(rows.vectors, VECTORS)


def test_views_that_represent_all_best_are_indexed() -> None:
    near = np.array([0, 0, 0.8, 0.6, 0], np.float32)  # a cosine of 0.8 with the title
    vectors = np.stack([VECTORS[0], VECTORS[0], VECTORS[2], near, VECTORS[4]])
    chosen = {
        most: open_representation(views.Settings(views_per_passage=most)).make_rows(VIEWS, vectors)
        for most in (1, 2, 3, 4)
    }
    assert {most: rows.views.tolist() for most, rows in chosen.items()} == {
        1: [0, 2],  # it stands for two, and of the two it is the first
        2: [0, 2, 4],
        3: [0, 2, 3, 4],
        4: [0, 1, 2, 3, 4],
    }
    assert np.array_equal(chosen[2].vectors, vectors[[0, 2, 4]])
    passage_only = open_representation(views.Settings(views_per_passage=1)).make_rows(
        VIEWS[:1], vectors[:1]
    )
    assert passage_only.views.tolist() == [0]


def test_invented_views_do_not_count_as_representatives() -> None:
    written = [View("a", "question", f"{number}?", invented=True) for number in range(3)]
    own = [*VIEWS[:1], *written, *VIEWS[1:3]]
    vectors = np.eye(6, dtype=np.float32)
    rows = open_representation(views.Settings(views_per_passage=1)).make_rows(own, vectors)
    assert rows.views.tolist() == [0, 1, 2, 3, 4]
    rows = open_representation(views.Settings(views_per_passage=1, invented=0)).make_rows(
        own, vectors
    )
    assert rows.views.tolist() == [0, 4]


@given(st.integers(0, 700), st.integers(1, 40), st.integers(0, 9))
def test_as_many_are_selected_as_asked_for(count: int, most: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count + 1, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    selected = views.select_representatives(vectors[:1], vectors[1:], most)
    assert selected.sum() == min(count, most)


def test_what_was_invented_counts_less() -> None:
    written = [*VIEWS[:3], View("a", "title", "title", invented=True)]
    rows = open_representation(views.Settings(invented=0.75)).make_rows(written, VECTORS[:4])
    assert rows.vectors.max(axis=1).tolist() == [1, 1, 1, 0.75]


def test_views_scores_by_passage_and_best_view() -> None:
    similarities = np.array([0.3, 0.1, 0.9, 0.5, 0.8])
    one_each = np.ones(2, np.int32)
    greatest = find_greatest(similarities, np.array([0, 4]), one_each)
    parts = open_representation(views.Settings()).score(*greatest)
    assert parts.passage.tolist() == [0.3, 0.8]
    assert parts.views.tolist() == [0.9, 0.8]  # alone, the passage stands for both
    np.testing.assert_allclose(parts.combine(0.25), [0.45, 0.8], atol=1e-6)


def test_a_long_document_is_scored_by_its_best_passage() -> None:
    similarities = np.array([0.3, 0.7, 0.9, 0.5, 0.8, 0.4])
    windows = np.array([2, 2], np.int32)
    greatest = find_greatest(similarities, np.array([0, 4]), windows)
    parts = open_representation(views.Settings()).score(*greatest)
    assert parts.passage.tolist() == [0.7, 0.8]
    assert parts.views.tolist() == [0.9, 0.8]


def test_all_passages_of_a_long_document_are_indexed() -> None:
    long = [View("a", "passage", text) for text in ("one", "two", "three", "four")]
    vectors = np.array([[1, 0]] * 5, np.float32)
    own = [*long, View("a", "title", "title")]
    rows = open_representation(views.Settings(views_per_passage=1)).make_rows(own, vectors)
    assert rows.views.tolist() == [0, 1, 2, 3, 4]
    assert [count_windows(own[:size]) for size in (1, 3, 4, 5)] == [1, 1, 4, 4]
