"""Significance, effects and intervals: against scipy, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from corpus_tuner.eval.trec.significance import (
    bootstrap_interval,
    compare,
    compute_p_values,
    correct_p_values,
    run_permutation_test,
    run_t_test,
)


def test_the_t_test_is_scipys_on_its_own_example() -> None:
    # scipy.stats.ttest_rel's documentation: two related samples of one distribution, then another.
    rng = np.random.default_rng(0)
    first = stats.norm.rvs(loc=5, scale=10, size=500, random_state=rng)
    noise = stats.norm.rvs(scale=0.2, size=500, random_state=rng)
    second = first + noise
    third = stats.norm.rvs(loc=8, scale=10, size=500, random_state=rng) + noise
    for other in (second, third):
        expected = stats.ttest_rel(first, other).pvalue
        assert run_t_test(first - other) == pytest.approx(expected, rel=1e-9)


def test_permutation_is_exact_where_it_can_be() -> None:
    # All 2**4 signs: the mean of all four as they are, or all turned round, is the extreme.
    assert run_permutation_test(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(2 / 16)
    # 0.5 is reached or passed by all but the four sums that are 0.
    differences = np.array([1.0, -1.0, 1.0, 1.0])
    assert run_permutation_test(differences) == pytest.approx(10 / 16)


def test_resampling_is_seeded_and_near_scipys_t() -> None:
    values = np.random.default_rng(3).normal(0.05, 0.2, 80)
    assert run_permutation_test(values) == run_permutation_test(values)
    assert run_permutation_test(values) == pytest.approx(run_t_test(values), abs=0.02)
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    normal = stats.norm.interval(0.95, values.mean(), values.std(ddof=1) / np.sqrt(80))
    assert (low, high) == pytest.approx(normal, abs=0.01)


def test_holm_by_hand() -> None:
    # Holm (1979): 4 * 0.005, 3 * 0.01, then never less than before.
    assert correct_p_values([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert correct_p_values([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_lies_between_the_plain_and_bonferronis(ps: list[float]) -> None:
    corrected = correct_p_values(ps)
    for p, q in zip(ps, corrected, strict=True):
        assert p <= q <= min(1.0, len(ps) * p) + 1e-12
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    assert [corrected[index] for index in order] == sorted(corrected)


def test_wins_ties_losses() -> None:
    systems = {
        "base": {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5},
        "new": {"a": 0.75, "b": 0.5, "c": 0.25, "d": 1.0},
        "same": {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5},
    }
    new, same = compare("made", "nDCG@10", systems, "base")
    assert (new.wins, new.ties, new.losses) == (2, 1, 1)
    assert new.difference == pytest.approx(0.125)
    assert new.low <= new.difference <= new.high
    assert new.effect == pytest.approx(0.125 / np.std([0.25, 0, -0.25, 0.5], ddof=1))
    assert new.t_test_holm == pytest.approx(min(1, 2 * new.t_test))
    assert (same.difference, same.low, same.high, same.t_test, same.permutation) == (0, 0, 0, 1, 1)
    assert same.effect is None


def test_significance_is_that_of_a_comparison() -> None:
    values = np.random.default_rng(0).random((3, 30))
    systems = {
        name: {str(query): float(value) for query, value in enumerate(row)}
        for name, row in zip(("base", "one", "two"), values, strict=True)
    }
    compared = compare("made", "AP", systems, "base")
    expected = {one.system: one.permutation_holm for one in compared}
    assert compute_p_values(systems, "base") == expected


def test_a_single_query_proves_nothing() -> None:
    (only,) = compare("made", "AP", {"a": {"q": 0.0}, "b": {"q": 1.0}}, "a")
    assert (only.t_test, only.permutation) == (1, 1)
    assert (only.low, only.high) == (1, 1)
