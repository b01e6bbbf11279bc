"""Kappa, and intervals that a biased model does not make wrong."""

import numpy as np
import pytest

from corpus_tuner.judging.estimates import Interval, compute_kappa, estimate_mean


def test_kappa() -> None:
    # The worked example of Cohen (1960) type: 20 yes-yes, 5, 10, 15 no-no.
    one, other = [1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert compute_kappa(one, other) == pytest.approx(0.4)
    assert compute_kappa([0, 1, 2, 3], [0, 1, 2, 3]) == 1
    assert compute_kappa([2, 2], [2, 2]) == 1
    assert compute_kappa([0, 0, 3, 3], [3, 3, 0, 0]) == -1
    near, far = [0, 1, 2, 2], [0, 1, 2, 0]
    truth = [0, 1, 2, 3]
    assert compute_kappa(truth, near) == compute_kappa(truth, far)
    assert compute_kappa(truth, near, weighted=True) > compute_kappa(truth, far, weighted=True)


def covers(interval: Interval, truth: float) -> bool:
    assert interval.low is not None and interval.high is not None
    return interval.low <= truth <= interval.high


def width(interval: Interval) -> float:
    assert interval.low is not None and interval.high is not None
    return interval.high - interval.low


def test_intervals_cover_the_truth_with_a_biased_model() -> None:
    random = np.random.default_rng(0)
    covered, naive, widths = [], [], []
    for _ in range(600):
        values = random.beta(1.2, 1.0, 240)  # of all queries, with the mean 6/11
        model = np.clip(0.6 * values + 0.3 + random.normal(0, 0.08, 240), 0, 1)
        combined = estimate_mean(values[:40], model[:40], model[40:])
        people = estimate_mean(values[:40], model[:40], model[:0])
        only_model = estimate_mean(model, model, model[:0])
        covered.append(covers(combined, 6 / 11))
        naive.append(covers(only_model, 6 / 11))
        widths.append(width(combined) / width(people))
    assert 0.93 <= np.mean(covered) <= 0.97
    assert np.mean(naive) < 0.5  # the bias is large
    assert np.mean(widths) < 0.7


def test_a_useless_model_does_no_harm() -> None:
    random = np.random.default_rng(1)
    people, model = random.random(40), random.random(240)
    combined = estimate_mean(people, model[:40], model[40:])
    assert width(combined) < 1.03 * width(estimate_mean(people, model[:40], model[:0]))
    constant = estimate_mean(people, np.ones(40), np.ones(200))
    assert constant.mean == people.mean()


def test_too_few_queries_have_no_interval() -> None:
    one = np.array([0.5])
    assert estimate_mean(one, one, np.array([0.1, 0.9])).low is None
