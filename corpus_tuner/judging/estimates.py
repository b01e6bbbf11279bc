"""Agreement of judges, and prediction-powered estimates.

Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, "Prediction-powered inference", Science 2023: the
mean of a model's values of many queries, corrected by the mean difference between people's and the
model's values of a random sample. The correction keeps the interval valid however biased the model
is. How much the model counts is estimated (Angelopoulos, Duchi and Zrnic, "PPI++", 2023), so that a
useless one does no harm.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats

from corpus_tuner.eval.trec.significance import CONFIDENCE, Numbers
from corpus_tuner.judging.store import GRADES


class Interval(BaseModel):
    """A mean with its confidence interval; ``None`` where there are too few queries for one."""

    model_config = ConfigDict(frozen=True)

    mean: float
    low: float | None
    high: float | None


def estimate_mean(people: Numbers, model: Numbers, unjudged: Numbers) -> Interval:
    """Estimate the mean of people's values, where most queries have only a model's value.

    Parameters
    ----------
    people, model
        Values by people and by the model, of a random sample of the queries.
    unjudged
        Values by the model of the other queries; without any, or with a useless model, the result
        is that of the people's values only.

    Examples
    --------
    >>> import numpy as np
    >>> people = np.array([0.2, 0.4, 0.6, 0.8])
    >>> biased = estimate_mean(people, people + 0.1, np.array([0.4, 0.6] * 50))
    >>> round(biased.mean, 2), round(estimate_mean(people, people + 0.1, people[:0]).mean, 2)
    (0.4, 0.5)
    """
    judged, others = len(people), len(unjudged)
    mean = float(people.mean())
    if judged < 2:
        return Interval(mean=mean, low=None, high=None)
    share, spread = 0.0, 0.0
    if judged > 2 and others > 1:
        spread = float(np.concatenate([model, unjudged]).var(ddof=1))
        covariance = float(np.cov(people, model)[0, 1])
        share = min(1.0, max(0.0, covariance / (1 + judged / others) / spread)) if spread else 0.0
        mean += share * float(unjudged.mean() - model.mean())
    estimated = 1 + bool(share)  # quantities that the sample estimates
    variance = float((people - share * model).var(ddof=estimated)) / judged
    if share:
        variance += share**2 * spread / others
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, judged - estimated)) * variance**0.5
    return Interval(mean=mean, low=mean - half, high=mean + half)


def compute_kappa(one: Sequence[int], other: Sequence[int], weighted: bool = False) -> float:
    """Return Cohen's kappa of two judges' grades of the same documents.

    With quadratic weights, a difference of two grades counts four times one of one grade. Where
    both gave all documents one grade, it is 1.

    Examples
    --------
    >>> compute_kappa([0, 0, 1, 1], [0, 0, 1, 0])
    0.5
    """
    counts = np.zeros((len(GRADES), len(GRADES)))
    np.add.at(counts, (list(one), list(other)), 1 / len(one))
    distance = np.subtract.outer(np.arange(len(GRADES)), np.arange(len(GRADES))) ** 2
    costs = distance if weighted else distance > 0
    expected = float((costs * np.outer(counts.sum(axis=1), counts.sum(axis=0))).sum())
    return 1 - float((costs * counts).sum()) / expected if expected else 1.0
