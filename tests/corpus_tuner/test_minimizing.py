"""The least value of a convex function, against scipy's."""

import numpy as np
import pytest
from scipy.optimize import minimize as by_scipy

from corpus_tuner.minimizing import Array, minimize


@pytest.mark.parametrize("seed", range(5))
def test_a_softmax_has_its_least_loss_where_scipy_finds_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 30, 4))
    features[:, 0] += rng.uniform(-0.5, 1.5, 4)  # the documents asked for
    features[:, :, 3] = 0  # tells none from another

    def loss(weights: Array) -> tuple[float, Array, Array]:
        scores = np.exp(features @ weights)
        shares = scores / scores.sum(axis=1, keepdims=True)
        means = np.einsum("qd,qdf->qf", shares, features)
        hessian = np.einsum("qd,qdf,qdg->fg", shares, features, features) - means.T @ means
        value = -float(np.log(shares[:, 0]).mean())
        return value, (means - features[:, 0]).mean(axis=0), hessian / len(features)

    found = minimize(loss, np.zeros(4))
    expected = by_scipy(
        lambda weights: loss(weights)[:2], np.zeros(4), jac=True, bounds=[(0, None)] * 4
    )
    assert found == pytest.approx(expected.x, abs=1e-4)
    assert found[3] == 0
