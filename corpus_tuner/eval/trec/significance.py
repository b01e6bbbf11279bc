"""Whether one system is better than another: paired tests, effects and their intervals.

Queries are the sample. Both tests ask how likely so large a mean difference is if the two systems
were alike: Student's paired t-test, and the randomisation test, which flips the signs of the
differences (Smucker, Allan and Carterette, "A comparison of statistical significance tests for
information retrieval evaluation", CIKM 2007). Several systems against one baseline are several
chances to be lucky, so p-values are corrected by Holm's method (1979).
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy import stats

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.measures import Measured

RESAMPLES = 10_000
CONFIDENCE = 0.95
_AT_ONCE = 1_000  # resamples
_EQUAL = 1e-9  # values nearer than this are a tie: measures are sums of floats

Values = Mapping[str, float]
"""For every query id, what a system reached."""
Numbers = npt.NDArray[np.float64]


class Comparison(BaseModel):
    """A system beside a baseline, by one measure on one benchmark.

    Attributes
    ----------
    benchmark, measure, system, baseline
        What is compared.
    queries
        How many both have.
    difference
        Mean of system less baseline, as a fraction.
    low, high
        Bounds of its confidence interval (`CONFIDENCE`), by bootstrap over queries.
    effect
        The difference in units of its own standard deviation (Cohen's d for pairs); ``None`` if
        the systems differ alike for all queries.
    wins, ties, losses
        Queries for which the system is better, as good, worse.
    t_test, permutation
        Two-sided p-values.
    t_test_holm, permutation_holm
        The same, corrected for all systems compared with the baseline on this benchmark.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    measure: str
    system: str
    baseline: str
    queries: int
    difference: float
    low: float
    high: float
    effect: float | None
    wins: int
    ties: int
    losses: int
    t_test: float
    permutation: float
    t_test_holm: float
    permutation_holm: float


def compare(
    benchmark: str,
    measure: str,
    systems: Mapping[str, Values],
    baseline: str,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Comparison]:
    """Compare systems with one of them.

    Parameters
    ----------
    benchmark, measure
        Their names, for the outcome.
    systems
        What the systems reached for every query, by name.
    baseline
        The name of the one to compare with.
    seed
        Of the resampling.
    resamples
        Of every permutation test and every bootstrap.

    Raises
    ------
    EvaluationError
        If the baseline is not there, or a system was not measured for the same queries.

    Examples
    --------
    >>> systems = {"old": {"q1": 0.5, "q2": 0.25}, "new": {"q1": 0.75, "q2": 0.25}}
    >>> (found,) = compare("tiny", "RR", systems, "old")
    >>> found.system, found.difference, found.wins, found.ties
    ('new', 0.125, 1, 1)
    """
    differences = _differences(systems, baseline)
    others, rows = list(differences), list(differences.values())
    by_t = [t_test(row) for row in rows]
    by_permutation = [permutation_test(row, seed=seed, resamples=resamples) for row in rows]
    made = []
    for name, row, t, t_holm, p, p_holm in zip(
        others, rows, by_t, holm(by_t), by_permutation, holm(by_permutation), strict=True
    ):
        low, high = interval(row, seed=seed, resamples=resamples)
        spread = float(row.std(ddof=1)) if len(row) > 1 else 0.0
        made.append(
            Comparison(
                benchmark=benchmark,
                measure=measure,
                system=name,
                baseline=baseline,
                queries=len(systems[baseline]),
                difference=float(row.mean()),
                low=low,
                high=high,
                effect=float(row.mean()) / spread if spread > _EQUAL else None,
                wins=int((row > _EQUAL).sum()),
                ties=int((abs(row) <= _EQUAL).sum()),
                losses=int((row < -_EQUAL).sum()),
                t_test=t,
                permutation=p,
                t_test_holm=t_holm,
                permutation_holm=p_holm,
            )
        )
    return made


def significance(
    systems: Mapping[str, Values], baseline: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, float]:
    """Return the p-value of every system's difference from the baseline.

    It is that of the randomisation test, two-sided, corrected by Holm's method for all systems:
    `Comparison.permutation_holm`.

    Parameters, and errors raised, are those of `compare`.

    Examples
    --------
    >>> old, new = {"q1": 0.5, "q2": 0.25}, {"q1": 0.75, "q2": 0.25}
    >>> significance({"old": old, "new": new}, "old")
    {'new': 1.0}
    """
    differences = _differences(systems, baseline)
    p_values = [
        permutation_test(row, seed=seed, resamples=resamples) for row in differences.values()
    ]
    return dict(zip(differences, holm(p_values), strict=True))


def _differences(systems: Mapping[str, Values], baseline: str) -> dict[str, Numbers]:
    """Return for every other system its differences from the baseline, query by query."""
    if baseline not in systems:
        raise EvaluationError(f"no system is called {baseline!r}: there are {', '.join(systems)}")
    queries = sorted(systems[baseline])
    differences = {}
    for name, values in systems.items():
        if name == baseline:
            continue
        if sorted(values) != queries:
            raise EvaluationError(f"{name} and {baseline} were not measured for the same queries")
        before = systems[baseline]
        differences[name] = np.array([values[query] - before[query] for query in queries])
    return differences


def t_test(differences: Numbers) -> float:
    """Return the two-sided p-value of the paired t-test.

    Where all differences are alike the test is not defined: 1 if they are nothing, else 0.

    Parameters
    ----------
    differences
        Of the two systems for every query, shape (queries,).

    Examples
    --------
    >>> import numpy as np
    >>> round(t_test(np.array([0.1, 0.2, 0.3])), 4)
    0.0742
    """
    if len(differences) < 2 or np.ptp(differences) <= _EQUAL:
        return _undefined(differences)
    return float(stats.ttest_1samp(differences, 0).pvalue)


def permutation_test(differences: Numbers, *, seed: int = 0, resamples: int = RESAMPLES) -> float:
    """Return the two-sided p-value of the randomisation test; exact for few queries.

    Parameters
    ----------
    differences
        Of the two systems for every query, shape (queries,).
    seed, resamples
        Of the flips of sign; with few queries all flips are tried.

    Examples
    --------
    >>> import numpy as np
    >>> permutation_test(np.array([0.1, 0.2, 0.3]))
    0.25
    """
    if len(differences) < 2 or (abs(differences) <= _EQUAL).all():
        return _undefined(differences)
    found = stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda one, other, axis: (one - other).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2**22 // len(differences)),  # 32 MiB at a time
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def interval(
    values: Numbers, *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the bounds of the mean's confidence interval, by percentile bootstrap.

    Parameters
    ----------
    values
        Of the queries, shape (queries,).
    seed, resamples
        Of the bootstrap.
    confidence
        How likely the interval holds the mean, as a fraction.

    Examples
    --------
    >>> import numpy as np
    >>> interval(np.array([0.5, 0.5, 0.5]))
    (0.5, 0.5)
    """
    if len(values) < 2 or np.ptp(values) <= _EQUAL:
        return float(values.mean()), float(values.mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the standard error, unused here
        found = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=resamples,
            batch=max(1, 2**22 // len(values)),
            confidence_level=confidence,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def mean_interval(
    samples: Sequence[Numbers], *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the bounds of the interval of a mean of means, by bootstrap in every sample.

    Parameters
    ----------
    samples
        Of every benchmark the values of its queries, each of shape (queries,).
    seed, resamples
        Of the bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> mean_interval([np.array([0.5, 0.5]), np.array([0.0, 0.0])])
    (0.25, 0.25)
    """
    chance = np.random.default_rng(seed)
    means = np.zeros(resamples)
    for sample in samples:
        for start in range(0, resamples, _AT_ONCE):
            shape = (min(_AT_ONCE, resamples - start), len(sample))
            means[start : start + _AT_ONCE] += chance.choice(sample, shape).mean(axis=1)
    margin = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means / len(samples), [margin, 1 - margin])
    return float(low), float(high)


def intervals(measured: Measured) -> dict[str, tuple[float, float]]:
    """Return the bounds of the confidence interval of every measure's mean.

    Examples
    --------
    >>> intervals({"RR": {"q1": 1.0, "q2": 1.0}})
    {'RR': (1.0, 1.0)}
    """
    return {name: interval(np.array(list(values.values()))) for name, values in measured.items()}


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number: the smallest counts as often as there are, and so on.

    Examples
    --------
    >>> holm([0.5, 0.125])
    [0.5, 0.25]
    """
    order = np.argsort(p_values, kind="stable")
    corrected = [0.0] * len(p_values)
    least = 0.0
    for rank, position in enumerate(order.tolist()):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = least
    return corrected


def _undefined(differences: Numbers) -> float:
    return 1.0 if len(differences) < 2 or abs(differences).max() <= _EQUAL else 0.0
