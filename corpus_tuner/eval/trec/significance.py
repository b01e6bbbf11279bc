"""Significance tests and confidence intervals of differences between systems, by scipy.

The sample is the queries. Tests are two-sided: Student's paired t-test, and the randomisation test
that flips the signs of the differences (Smucker, Allan and Carterette, "A comparison of statistical
significance tests for information retrieval evaluation", CIKM 2007). p-values of several systems
compared with one baseline are corrected by Holm's method (1979).
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy import stats

from corpus_tuner.eval.trec.measures import QueryValues

RESAMPLES = 10_000
CONFIDENCE = 0.95
_SEED = 0
_EQUAL = 1e-9  # values nearer than this are a tie: measures are sums of floats
_BATCH = 2**22  # float64 values of a batch of resamples, 32 MiB

Numbers = npt.NDArray[np.float64]


class Comparison(BaseModel):
    """A paired comparison of a system with a baseline, by one measure on one benchmark.

    Attributes
    ----------
    benchmark, measure, system, baseline
        Names of what is compared.
    queries
        Number of queries, the same of both systems.
    difference
        Mean of system minus baseline, as a fraction.
    low, high
        Bounds of the difference's confidence interval (`CONFIDENCE`), by bootstrap over queries.
    effect
        Cohen's d for pairs: the difference in units of its standard deviation; ``None`` if that
        is 0.
    wins, ties, losses
        Number of queries for which the system is better, equal, worse.
    t_test, permutation
        p-values.
    t_test_holm, permutation_holm
        p-values corrected for all systems compared with the baseline on this benchmark.
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
    benchmark: str, measure: str, systems: Mapping[str, QueryValues], baseline: str
) -> list[Comparison]:
    """Compare systems, measured for the same queries, with a baseline by paired tests.

    Examples
    --------
    >>> systems = {"old": {"q1": 0.5, "q2": 0.25}, "new": {"q1": 0.75, "q2": 0.25}}
    >>> (compared,) = compare("tiny", "RR", systems, "old")
    >>> compared.system, compared.difference, compared.wins, compared.ties
    ('new', 0.125, 1, 1)
    """
    differences = _subtract_baseline(systems, baseline)
    t_tests = [run_t_test(row) for row in differences.values()]
    permutations = [run_permutation_test(row) for row in differences.values()]
    compared = []
    for (name, row), t, t_holm, p, p_holm in zip(
        differences.items(),
        t_tests,
        correct_p_values(t_tests),
        permutations,
        correct_p_values(permutations),
        strict=True,
    ):
        low, high = bootstrap_interval(row)
        deviation = float(row.std(ddof=1)) if len(row) > 1 else 0.0
        compared.append(
            Comparison(
                benchmark=benchmark,
                measure=measure,
                system=name,
                baseline=baseline,
                queries=len(row),
                difference=float(row.mean()),
                low=low,
                high=high,
                effect=float(row.mean()) / deviation if deviation > _EQUAL else None,
                wins=int((row > _EQUAL).sum()),
                ties=int((abs(row) <= _EQUAL).sum()),
                losses=int((row < -_EQUAL).sum()),
                t_test=t,
                permutation=p,
                t_test_holm=t_holm,
                permutation_holm=p_holm,
            )
        )
    return compared


def compute_p_values(systems: Mapping[str, QueryValues], baseline: str) -> dict[str, float]:
    """Return the corrected p-value of every system's difference from the baseline.

    It is `Comparison.permutation_holm`; parameters are those of `compare`.

    Examples
    --------
    >>> old, new = {"q1": 0.5, "q2": 0.25}, {"q1": 0.75, "q2": 0.25}
    >>> compute_p_values({"old": old, "new": new}, "old")
    {'new': 1.0}
    """
    differences = _subtract_baseline(systems, baseline)
    p_values = correct_p_values([run_permutation_test(row) for row in differences.values()])
    return dict(zip(differences, p_values, strict=True))


def run_t_test(differences: Numbers) -> float:
    """Return the two-sided p-value of the paired t-test, for differences of shape (queries,).

    Where all differences are equal, the test is undefined: 1 if they are 0, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> round(run_t_test(np.array([0.1, 0.2, 0.3])), 4)
    0.0742
    """
    if len(differences) < 2 or np.ptp(differences) <= _EQUAL:
        return 1.0 if len(differences) < 2 or abs(differences).max() <= _EQUAL else 0.0
    return float(stats.ttest_rel(differences, np.zeros_like(differences)).pvalue)


def run_permutation_test(differences: Numbers) -> float:
    """Return the two-sided p-value of the randomisation test; exact for few queries.

    Examples
    --------
    >>> import numpy as np
    >>> run_permutation_test(np.array([0.1, 0.2, 0.3]))
    0.25
    """
    if len(differences) < 2 or (abs(differences) <= _EQUAL).all():
        return 1.0
    test = stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda one, other, axis: (one - other).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, _BATCH // 8 // len(differences)),  # about eight arrays of this size
        rng=np.random.default_rng(_SEED),
    )
    return float(test.pvalue)


def bootstrap_interval(*samples: Numbers) -> tuple[float, float]:
    """Return the confidence interval of the mean of the samples' means, by percentile bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> bootstrap_interval(np.array([0.5, 0.5, 0.5]), np.array([0.0, 0.0]))
    (0.25, 0.25)
    """
    if all(np.ptp(sample) <= _EQUAL for sample in samples):
        mean = float(np.mean([sample.mean() for sample in samples]))
        return mean, mean
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the standard error, unused here
        bootstrap = stats.bootstrap(
            samples,
            lambda *rows, axis: sum(row.mean(axis=axis) for row in rows) / len(rows),
            n_resamples=RESAMPLES,
            batch=max(1, _BATCH // sum(map(len, samples))),
            confidence_level=CONFIDENCE,
            method="percentile",
            vectorized=True,
            rng=np.random.default_rng(_SEED),
        )
    return float(bootstrap.confidence_interval.low), float(bootstrap.confidence_interval.high)


def correct_p_values(p_values: Sequence[float]) -> list[float]:
    """Correct p-values of several tests by Holm's method.

    Examples
    --------
    >>> correct_p_values([0.5, 0.125])
    [0.5, 0.25]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.maximum.accumulate(np.minimum(1, factors * np.array(p_values)[order]))
    return corrected.tolist()


def _subtract_baseline(systems: Mapping[str, QueryValues], baseline: str) -> dict[str, Numbers]:
    """Return the differences of every other system from the baseline, query by query."""
    before = systems[baseline]
    return {
        name: np.array([values[query] - before[query] for query in sorted(before)])
        for name, values in systems.items()
        if name != baseline
    }
