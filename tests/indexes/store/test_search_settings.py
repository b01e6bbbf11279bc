"""Weights of rankers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus_tuner.indexes.store.search_settings import (
    FEEDBACK,
    RANKERS,
    HybridWeights,
    SearchSettings,
    normalize_weights,
)


@given(st.dictionaries(st.sampled_from(RANKERS), st.sampled_from([0.0, 0.25, 1.0, 3.0])))
def test_only_ratios_count(weights: dict[str, float]) -> None:
    normal = normalize_weights(weights)
    assert normal.keys() == {name for name, weight in weights.items() if weight}
    assert sum(normal.values()) == pytest.approx(1 if normal else 0)
    assert normalize_weights({name: 4 * own for name, own in weights.items()}) == normal


def test_rankers_that_are_not_named_have_no_weight() -> None:
    weights = HybridWeights.from_weights({"words": 0.6, "passage": 0.2})
    assert normalize_weights(weights.model_dump()) == pytest.approx(
        {"words": 0.75, "passage": 0.25}
    )
    assert HybridWeights.from_ranker("ngrams").model_dump() == {
        **dict.fromkeys(RANKERS, 0.0),
        "ngrams": 1.0,
    }


def test_feedback_finds_nothing_by_itself() -> None:
    with pytest.raises(ValidationError, match="at least one of passage, views, words and ngrams"):
        HybridWeights.from_ranker(FEEDBACK)


@pytest.mark.parametrize(
    "values",
    [
        {"fusion": "sum"},
        {"candidates": 0},
        {"words": {"b": 1.5}},
        {"hybrid": {"words": -1}},
        {"dense": {"views": 2}},
        {"weights": {}},
    ],
)
def test_what_is_no_setting_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        SearchSettings.model_validate(values)
