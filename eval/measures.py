"""Measures of a run against judgments, through ir_measures."""

from collections.abc import Sequence
from subprocess import SubprocessError

import ir_measures

from eval.benchmarks import Qrels
from eval.errors import EvaluationError
from eval.runs import Run

DEFAULT_MEASURES = ("nDCG@10", "MRR@100", "Recall@100")
_OTHER_NAMES = {"MRR": "RR", "Recall": "R", "Precision": "P", "MAP": "AP", "NDCG": "nDCG"}


def measure(qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES) -> dict[str, float]:
    """Measure a run, each measure's mean over all judged queries.

    A judged query for which the run has nothing counts 0. The run's ties must be broken
    already (`eval.runs.break_ties`): the tools behind ir_measures break them in different ways.

    Parameters
    ----------
    measures
        Names as ir_measures has them; also MRR, Recall, Precision, MAP and NDCG for RR, R, P, AP
        and nDCG.

    Returns
    -------
    Fractions, under the names given.

    Raises
    ------
    EvaluationError
        If there is no such measure.
    """
    parsed = {name: parse_measure(name) for name in measures}
    scored = {query: dict(ranking) for query, ranking in run.items() if query in qrels}
    for query in qrels:
        scored.setdefault(query, {})
    try:
        found = ir_measures.calc_aggregate(list(parsed.values()), qrels, scored)
    except (OSError, ValueError, SubprocessError) as error:
        names = ", ".join(measures)
        raise EvaluationError(f"ir_measures cannot compute {names} here: {error}") from error
    return {name: float(found[parsed[name]]) for name in measures}


def parse_measure(name: str) -> ir_measures.Measure:
    """Return the measure of a name, as `measure` takes it.

    Raises
    ------
    EvaluationError
        If there is none.
    """
    family, at, cutoff = name.partition("@")
    try:
        parsed = ir_measures.parse_measure(_OTHER_NAMES.get(family, family) + at + cutoff)
        parsed.validate_params()
        return parsed
    except (AssertionError, NameError, SyntaxError, ValueError) as error:
        raise EvaluationError(
            f"no measure is called {name!r}; take names such as {', '.join(DEFAULT_MEASURES)}"
        ) from error
