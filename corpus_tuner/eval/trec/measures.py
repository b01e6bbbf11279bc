"""Measures of runs, by ir_measures."""

import re
from collections.abc import Mapping, Sequence
from math import fsum
from subprocess import SubprocessError

import ir_measures

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Qrels
from corpus_tuner.eval.trec.runs import Run

DEFAULT_MEASURES = ("nDCG@10", "MRR@100", "Recall@100")
_COUNTS = ("NumQ", "NumRel", "NumRelRet", "NumRet")

QueryValues = Mapping[str, float]
"""Value of every judged query by one measure, as a fraction."""
MeasuredRun = dict[str, dict[str, float]]
"""Values of every judged query, by the name of the measure."""


def measure(qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES) -> dict[str, float]:
    """Measure a run: the mean of every measure over all judged queries, as a fraction.

    Parameters and errors are those of `measure_queries`.

    Examples
    --------
    >>> measure({"q": {"a": 1}}, {"q": [("b", 2.0), ("a", 1.0)]}, ["MRR@100", "Recall@1"])
    {'MRR@100': 0.5, 'Recall@1': 0.0}
    """
    return average_queries(measure_queries(qrels, run, measures))


def average_queries(measured: MeasuredRun) -> dict[str, float]:
    """Return the mean of every measure over all queries.

    Examples
    --------
    >>> average_queries({"RR": {"q1": 1.0, "q2": 0.5}})
    {'RR': 0.75}
    """
    return {name: fsum(values.values()) / len(values) for name, values in measured.items()}


def measure_queries(
    qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES
) -> MeasuredRun:
    """Measure a run, query by query.

    As in ``trec_eval -c``, a judged query without results counts 0, and a query without judgments
    does not count. Ties of the run must be broken (`corpus_tuner.eval.trec.runs.break_ties`): the
    tools behind ir_measures break them in different ways.

    Parameters
    ----------
    qrels
        Judgments.
    run
        Ranking of every query.
    measures
        Names of ir_measures, of trec_eval (``ndcg_cut_10``, ``map``, ``recip_rank``), or MRR,
        Recall, Precision, MAP and NDCG.

    Returns
    -------
    Values by the names given, and by query in the order of `qrels`.

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
        for metric in ir_measures.iter_calc(list(values), qrels, scored):
            values[metric.measure][metric.query_id] = float(metric.value)
    except (OSError, ValueError, SubprocessError) as error:
        names = ", ".join(measures)
        raise EvaluationError(f"ir_measures cannot compute {names} here: {error}") from error
    return {
        name: {query: values[one].get(query, 0.0) for query in qrels}
        for name, one in parsed.items()
    }


def get_cutoff(name: str) -> int:
    """Return the cutoff of a measure; 0 where it has none.

    Examples
    --------
    >>> get_cutoff("Recall@1000"), get_cutoff("MAP")
    (1000, 0)
    """
    return parse_measure(name).params.get("cutoff") or 0


def parse_measure(name: str) -> ir_measures.Measure:
    """Return the ir_measures object of a measure's name.

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
        parsed = _parse_name(name)
        parsed.validate_params()
    except (AssertionError, NameError, SyntaxError, ValueError) as error:
        raise EvaluationError(
            f"no measure is called {name!r}; take names such as {', '.join(DEFAULT_MEASURES)}, or "
            "those of trec_eval with a cutoff, such as ndcg_cut_10, recip_rank or map"
        ) from error
    if parsed.NAME in _COUNTS:
        raise EvaluationError(f"{name} counts queries or documents: take a measure from 0 to 1")
    return parsed


def _parse_name(name: str) -> ir_measures.Measure:
    """Parse a name of ir_measures or, if it has none such, of trec_eval."""
    try:
        return ir_measures.parse_measure(name)
    except (NameError, SyntaxError, ValueError):
        if not re.fullmatch(r"[A-Za-z_]+[0-9.]*", name):  # the parser accepts P_10x
            raise
        (parsed,) = ir_measures.parse_trec_measure(name)  # several where a cutoff is missing
        return parsed
