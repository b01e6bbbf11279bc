"""Maximum likelihood estimation of weights, on scores that are made up."""

from typing import Any

import numpy as np
import pytest

from corpus_tuner import SearchSettings
from corpus_tuner.calibration.likelihood import (
    Likelihood,
    ScoredQuery,
    compute_ndcg,
    fit_temperature,
)
from corpus_tuner.indexes.search.candidates import Candidates

NAMES = ("passage", "words")


def make_queries(noise: dict[str, float], count: int = 40) -> list[ScoredQuery]:
    """Return queries whose target leads by each ranker, but for this much noise."""
    chance = np.random.default_rng(0)
    index: Any = None
    queries = []
    for _ in range(count):
        target = int(chance.integers(20))
        clear = np.zeros(20)
        clear[target] = 3.0
        scores = {name: clear + chance.normal(0, noise[name], 20) for name in NAMES}
        candidates = Candidates(index, None, np.arange(20), scores, np.ones(20, bool))
        queries.append(ScoredQuery(candidates, target))
    return queries


def test_the_better_ranker_has_the_greater_weight() -> None:
    likelihood = Likelihood(make_queries({"passage": 0.7, "words": 2.0}), NAMES)
    weights = likelihood.fit_weights()
    assert sum(weights.values()) == pytest.approx(1, abs=0.002)
    assert weights["passage"] > 2 * weights["words"] >= 0
    errors = likelihood.estimate_errors()
    assert all(0 <= errors[name] < 0.3 for name in NAMES)


def test_a_ranker_that_knows_nothing_has_no_weight() -> None:
    queries = make_queries({"passage": 1.0, "words": 1.0})
    for candidates, _ in queries:
        candidates.scores["words"][:] = 0
    assert Likelihood(queries, NAMES).fit_weights() == {"passage": 1.0, "words": 0.0}


def test_an_estimate_that_gains_little_on_held_out_documents_counts_less() -> None:
    clear = Likelihood(make_queries({"passage": 0.7, "words": 2.0}), NAMES)
    assert clear.estimate_trust({"passage": 0.1, "words": 0.9}) == 1
    assert clear.estimate_trust(clear.fit_weights()) < 1
    equal = Likelihood(make_queries({"passage": 1.5, "words": 1.5}), NAMES)
    assert equal.estimate_trust({"passage": 0.2, "words": 0.2}) == 0


def test_more_queries_have_smaller_errors() -> None:
    noise = {"passage": 1.5, "words": 1.5}
    few, many = (
        Likelihood(make_queries(noise, count), NAMES).estimate_errors() for count in (40, 800)
    )
    assert all(many[name] < few[name] for name in NAMES)


def test_noise_raises_the_temperature() -> None:
    clear, noisy = (
        fit_temperature(make_queries(dict.fromkeys(NAMES, noise)), NAMES, SearchSettings())
        for noise in (0.5, 3.0)
    )
    assert 0 < clear < noisy


def test_ndcg_counts_ties_against_the_target() -> None:
    queries = make_queries({"passage": 0.0, "words": 0.0}, 3)
    weights = {"passage": 0.0, "words": 1.0}
    assert compute_ndcg(queries, weights, SearchSettings()).tolist() == [1, 1, 1]
    scores: Any = queries[0].candidates.scores["words"]
    tied, beyond = (queries[0].target + 1) % 20, queries[1].target
    scores[tied] = 3.0
    queries[1].candidates.scores["words"][:] = 1.0
    queries[1].candidates.scores["words"][beyond] = 0.0
    values = compute_ndcg(queries, weights, SearchSettings())
    assert values.tolist() == pytest.approx([0.6309, 0, 1], abs=1e-4)
