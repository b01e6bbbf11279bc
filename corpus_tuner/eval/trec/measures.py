"""Measures of a run against judgments, through ir_measures."""

import re
from collections.abc import Sequence
from math import fsum
from subprocess import SubprocessError
from typing import NamedTuple

import ir_measures

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Benchmark, Qrels
from corpus_tuner.eval.trec.runs import Run

DEFAULT_MEASURES = ("nDCG@10", "MRR@100", "Recall@100")
_OTHER_NAMES = {"MRR": "RR", "Recall": "R", "Precision": "P", "MAP": "AP", "NDCG": "nDCG"}
_TREC_EVAL = {
    **{"map": "AP", "ndcg": "nDCG", "recip_rank": "RR", "bpref": "Bpref"},
    **{"set_P": "SetP", "set_recall": "SetR", "set_F": "SetF", "set_map": "SetAP"},
}
_TREC_EVAL_AT = {
    **{"ndcg_cut": "nDCG", "map_cut": "AP", "P": "P", "recall": "R", "success": "Success"},
    "iprec_at_recall": "IPrec",
}
"""trec_eval's names of measures, those in the second table followed by ``_`` and a cutoff."""
_COUNTS = ("NumQ", "NumRel", "NumRelRet", "NumRet")


Measured = dict[str, dict[str, float]]
"""For every measure's name, the value of every judged query, as a fraction."""


class Measurement(NamedTuple):
    """What systems reached on a benchmark.

    Attributes
    ----------
    benchmark
        Queries and judgments.
    runs
        What every system found, by the system's name.
    measured
        What the runs are worth, by the system's name.
    """

    benchmark: Benchmark
    runs: dict[str, Run]
    measured: dict[str, Measured]


def measure(qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES) -> dict[str, float]:
    """Measure a run, every measure's mean over all judged queries.

    Parameters, and errors raised, are those of `measure_queries`.

    Returns
    -------
    Fractions, under the names given.

    Examples
    --------
    >>> measure({"q": {"a": 1}}, {"q": [("b", 2.0), ("a", 1.0)]}, ["MRR@100", "Recall@1"])
    {'MRR@100': 0.5, 'Recall@1': 0.0}
    """
    return averages(measure_queries(qrels, run, measures))


def averages(measured: Measured) -> dict[str, float]:
    """Return every measure's mean over all queries.

    Examples
    --------
    >>> averages({"RR": {"q1": 1.0, "q2": 0.5}})
    {'RR': 0.75}
    """
    return {name: fsum(values.values()) / len(values) for name, values in measured.items()}


def measure_queries(qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES) -> Measured:
    """Measure a run, query by query.

    As trec_eval does with ``-c``, a judged query for which the run has nothing counts 0, and one
    that is not judged does not count. The run's ties must be broken already
    (`corpus_tuner.eval.trec.runs.break_ties`): the tools behind ir_measures break them in different
    ways.

    Parameters
    ----------
    qrels
        Judgments.
    run
        What was found.
    measures
        Names as ir_measures has them; also MRR, Recall, Precision, MAP and NDCG for RR, R, P, AP
        and nDCG; or as trec_eval has them, such as ``ndcg_cut_10``, ``map`` and ``recip_rank``.

    Returns
    -------
    By the names given, and by query in the order of `qrels`.

    Raises
    ------
    EvaluationError
        If there is no such measure.

    Examples
    --------
    >>> measure_queries({"q1": {"a": 1}, "q2": {"b": 1}}, {"q1": [("a", 1.0)]}, ["RR"])
    {'RR': {'q1': 1.0, 'q2': 0.0}}
    """
    parsed = {name: parse_measure(name) for name in measures}
    scored = {query: dict(run.get(query, ())) for query in qrels}
    values: dict[ir_measures.Measure, dict[str, float]] = {one: {} for one in parsed.values()}
    try:
        for found in ir_measures.iter_calc(list(values), qrels, scored):
            values[found.measure][found.query_id] = float(found.value)
    except (OSError, ValueError, SubprocessError) as error:
        names = ", ".join(measures)
        raise EvaluationError(f"ir_measures cannot compute {names} here: {error}") from error
    return {
        name: {query: values[one].get(query, 0.0) for query in qrels}
        for name, one in parsed.items()
    }


def deepest(measures: Sequence[str]) -> int:
    """Return how deep into a ranking the deepest of the measures looks, as far as it says.

    Examples
    --------
    >>> deepest(["nDCG@10", "Recall@1000", "MAP"])
    1000
    """
    return max(parse_measure(name).params.get("cutoff") or 0 for name in measures)


def parse_measure(name: str) -> ir_measures.Measure:
    """Return the measure of a name, as `measure` takes it.

    Raises
    ------
    EvaluationError
        If there is none.

    Examples
    --------
    >>> parse_measure("MRR@100"), parse_measure("ndcg_cut_10")
    (RR@100, nDCG@10)
    """
    try:
        parsed = ir_measures.parse_measure(_usual_name(name))
        parsed.validate_params()
    except (AssertionError, NameError, SyntaxError, ValueError) as error:
        raise EvaluationError(
            f"no measure is called {name!r}; take names such as {', '.join(DEFAULT_MEASURES)}, or "
            "those of trec_eval with a cutoff, such as ndcg_cut_10, recip_rank or map"
        ) from error
    if parsed.NAME in _COUNTS:
        raise EvaluationError(f"{name} counts queries or documents: take a measure from 0 to 1")
    return parsed


def _usual_name(name: str) -> str:
    """Return the name that ir_measures has for a measure."""
    with_cutoff = re.fullmatch(r"(\w+?)[._]([0-9]+(?:\.[0-9]+)?)", name)
    if with_cutoff and with_cutoff[1] in _TREC_EVAL_AT:
        return f"{_TREC_EVAL_AT[with_cutoff[1]]}@{with_cutoff[2]}"
    family, at, cutoff = name.partition("@")
    return _TREC_EVAL.get(name, _OTHER_NAMES.get(family, family) + at + cutoff)
