"""What every encoder does: unit vectors, token counts and limits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import SearchIndexError
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.encoder import (
    check_max_tokens,
    choose_dimension,
    compute_max_tokens,
    normalize_rows,
)
from tests.encoders.conftest import TEXTS


def test_unit_vectors_in_the_order_of_the_texts(encoder: Any) -> None:
    vectors = encoder.encode_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (40, encoder.dimension) == (40, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for index in (0, 7, 39):
        assert vectors[index] @ encoder.encode_documents([TEXTS[index]])[0] > 0.999
    assert encoder.encode_documents([]).shape == (0, 32)
    assert encoder.encode_queries([]).shape == (0, 32)


def test_tokens(encoder: Any) -> None:
    assert encoder.max_tokens == 46
    assert encoder.count_tokens(["", "mill", "mill river"]) == [0, 1, 2]
    assert encoder.find_token_ends("mill river") == [4, 10]
    assert encoder.count_tokens([]) == []


def test_a_limit_that_leaves_nothing(encoder_folder: Path) -> None:
    with pytest.raises(SearchIndexError, match="only 3 tokens"):
        open_encoder(EncoderSettings(name=str(encoder_folder), max_tokens=5))


@pytest.mark.parametrize("row", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_vectors_without_a_direction_are_refused(row: list[float]) -> None:
    vectors = np.array([[3, 4], row], np.float32)
    np.testing.assert_allclose(normalize_rows(vectors[:1], "tiny"), [[0.6, 0.8]])
    with pytest.raises(SearchIndexError, match=r"'tiny'.*encoder\.dtype=float32"):
        normalize_rows(vectors, "tiny")


def test_limits_of_tokens_and_dimensions() -> None:
    settings = EncoderSettings(name="tiny", max_tokens=64, dimensions=16)
    check_max_tokens(settings, 64)
    check_max_tokens(settings, None)
    with pytest.raises(SearchIndexError, match="has 63 positions"):
        check_max_tokens(settings, 63)
    assert compute_max_tokens("tiny", 64, 2) == 62
    assert compute_max_tokens("tiny", 10, 2) == 8
    with pytest.raises(SearchIndexError, match=r"only 7 tokens.*encoder\.document_prompt"):
        compute_max_tokens("tiny", 10, 3)
    assert choose_dimension(settings, 32) == 16
    assert choose_dimension(EncoderSettings(), 32) == 32
    with pytest.raises(SearchIndexError, match=r"dimensions is 16, .* have 8"):
        choose_dimension(settings, 8)
