"""The vectors of passages as they are."""

import numpy as np

from corpus_tuner.indexes.representations import open_representation, passage
from tests.indexes.representations.example import VECTORS, VIEWS


def test_passage_is_the_encoder_alone() -> None:
    rows = open_representation(passage.Settings()).make_rows(VIEWS, VECTORS)
    assert rows.views.tolist() == [0]
    assert np.array_equal(rows.vectors, VECTORS[:1])


def test_all_passages() -> None:
    rows = open_representation(passage.Settings(windows="all")).make_rows(VIEWS, VECTORS)
    assert rows.views.tolist() == [0, 1]
    assert np.array_equal(rows.vectors, VECTORS[:2])
