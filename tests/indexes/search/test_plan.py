"""A plan: which rankers search, with which weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import compile_filter
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import (
    Calibration,
    HybridWeights,
    Mode,
    SearchSettings,
)
from tests.indexes.indexing import Table, encoded, write_index


def test_no_words_no_lexical_search(tmp_path: Path) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        (((document, score),),) = searcher.rank(["mill"])
        assert document == "d0"
        assert score == pytest.approx(3.0, rel=0.01)  # stored in int8
        with pytest.raises(SearchIndexError, match="no words to search in lexical mode"):
            searcher.rank(["mill"], mode="lexical")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("plan")
    return write_index(
        folder, [encoded(0, "mill", np.ones((1, 3), np.float32))], lexical=LexicalSettings()
    )


@pytest.mark.parametrize(
    ("mode", "weights"),
    [
        ("dense", {"passage": 0.5, "views": 0.5}),
        ("lexical", {"words": 0.75, "ngrams": 0.25}),
        ("hybrid", {"views": 0.5, "words": 0.375, "ngrams": 0.125}),
        (None, {"views": 0.5, "words": 0.375, "ngrams": 0.125}),
    ],
)
def test_a_mode_has_its_rankers(
    manifest: Manifest, mode: Mode | None, weights: dict[str, float]
) -> None:
    hybrid = HybridWeights.from_weights({"views": 4, "words": 3, "ngrams": 1})
    plan = make_plan(manifest, "views", 10, mode, SearchSettings(hybrid=hybrid))
    assert plan.weights == weights
    assert plan.dense == (mode != "lexical")
    assert plan.lexical == (() if mode == "dense" else ("words", "ngrams"))
    assert plan.fused == (mode != "dense")
    assert plan.depth == (10 if mode == "dense" else 100)


def test_another_representation_is_searched_without_the_hybrid_weights(manifest: Manifest) -> None:
    assert make_plan(manifest, "passage", 1).weights.keys() == {"passage", "views"}


def test_the_weight_of_views_is_their_share_of_dense_search(manifest: Manifest) -> None:
    hybrid = HybridWeights.from_weights({"passage": 1, "views": 3, "words": 4})
    plan = make_plan(manifest, "views", 1, "hybrid", SearchSettings(hybrid=hybrid))
    assert plan.views == 0.75
    assert make_plan(manifest, "views", 1, "lexical").views == 0


def test_more_hits_need_more_candidates(manifest: Manifest) -> None:
    assert make_plan(manifest, "views", 500).depth == 500


def test_only_the_calibrated_weights_have_probabilities(manifest: Manifest) -> None:
    usual = HybridWeights()
    calibration = Calibration(temperature=0.5, chosen=usual, default=usual, documents=1, seed=0)
    calibrated = manifest.model_copy(update={"calibration": calibration})
    assert make_plan(calibrated, "views", 1).temperature == 0.5
    assert make_plan(calibrated, "views", 1, "dense").temperature is None
    other = SearchSettings(candidates=7)
    assert make_plan(calibrated, "views", 1, settings=other).temperature is None


def test_a_filter_is_compiled_once(manifest: Manifest) -> None:
    plan = make_plan(manifest, "views", 1, filter={"year": 2020})
    assert plan.condition == compile_filter({"year": 2020})
    assert make_plan(manifest, "views", 1, filter=plan.condition).condition == plan.condition
    assert make_plan(manifest, "views", 1).condition is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k": 0}, "k must be at least 1, a whole number, not 0"),
        ({"k": True}, "k must be at least 1"),
        ({"k": 2.0}, "k must be at least 1"),
        ({"mode": "Dense"}, "no mode 'Dense': hybrid, dense, lexical"),
        ({"settings": {"candidates": 3}}, r"settings: give SearchSettings\(\.\.\.\)"),
        ({"filter": ["year"]}, "a filter maps fields to conditions"),
        ({"min_probability": 1.5}, "must be a number from 0 to 1, not 1.5"),
        ({"min_probability": float("nan")}, "must be a number from 0 to 1"),
        ({"min_probability": True}, "must be a number from 0 to 1"),
    ],
)
def test_what_is_no_plan_is_refused(
    manifest: Manifest, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(SearchIndexError, match=message):
        make_plan(manifest, **{"representation": "views", "k": 1, **values})
