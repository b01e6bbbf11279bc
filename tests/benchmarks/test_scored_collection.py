"""Scores of a collection with generated questions, against those of the package."""

import pytest

from benchmarks.scored_collection import ScoredCollection, fuse
from corpus_tuner.indexes.search.plan import make_plan


def test_scores_and_weights_are_those_of_the_package(collection: ScoredCollection) -> None:
    manifest = collection.searcher.manifest
    calibrated = manifest.search.hybrid.model_dump()
    assert collection.weights == pytest.approx(
        {name: calibrated[name] for name in collection.weights}
    )
    plan = make_plan(manifest, manifest.representation, 10)
    for candidates in collection.candidates[:5]:
        ours = fuse(candidates, plan.weights)
        assert ours == pytest.approx(candidates.compute_scores(plan), abs=1e-6)
