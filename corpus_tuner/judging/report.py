"""What the grades of a study say: measures of systems, agreement of judges, open queries."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from pydantic import BaseModel

from corpus_tuner.eval.trec.benchmark import Qrels
from corpus_tuner.eval.trec.measures import MeasuredRun, measure_queries
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.eval.trec.significance import Numbers, bootstrap_interval
from corpus_tuner.judging.estimates import Interval, compute_kappa, estimate_mean
from corpus_tuner.judging.pool import DEPTH
from corpus_tuner.judging.store import MODEL_PREFIX, Grade
from corpus_tuner.judging.study import Study

MEASURES = (f"nDCG@{DEPTH}", f"MRR@{DEPTH}", f"Recall@{DEPTH}")


class SystemEstimate(BaseModel):
    """Measures of a system.

    Attributes
    ----------
    system
        Name.
    measures
        Means over the queries that people judged completely, with bootstrap intervals.
    difference
        Difference from the first system by the first measure.
    predicted
        First measure over all queries, by people's grades and a model's; ``None`` without a model.
    people
        The same sample's estimate without the model.
    """

    system: str
    measures: dict[str, Interval]
    difference: Interval | None
    predicted: Interval | None = None
    people: Interval | None = None


class Agreement(BaseModel):
    """Cohen's kappa of two judges, of grades and with quadratic weights."""

    judges: tuple[str, str]
    documents: int
    kappa: float
    weighted: float


class Standing(BaseModel):
    """A query: whether people judged it completely, and how much it still tells systems apart."""

    query: str
    text: str
    judged: bool
    separation: float


class Report(BaseModel):
    """What the grades say."""

    judged: int
    queries: int
    systems: list[SystemEstimate]
    agreement: list[Agreement]
    standings: list[Standing]
    model: str | None = None
    sample: int = 0


def make_report(study: Study) -> Report:
    """Measure all systems by the grades so far.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> from corpus_tuner.judging.store import Judgments
    >>> judgments = Judgments(example_benchmark / "report.sqlite")
    >>> study = Study(ct.Searcher.open(example_index), judgments, "ann", {"q1": "mill"}, {})
    >>> make_report(study).judged
    0
    """
    qrels = study.judgments.read_qrels()
    complete = study.list_complete(qrels)
    standings = [
        Standing(
            query=query,
            text=study.queries[query],
            judged=query in complete,
            separation=sum(part for one, part in pool.items() if one not in qrels.get(query, {})),
        )
        for query, pool in study.pools.items()
    ]
    standings.sort(key=lambda one: -one.separation)
    systems = _measure(study, qrels, complete)
    every = study.judgments.read_grades()
    model = next((own.judge for own in reversed(every) if _is_model(own.judge)), None)
    report = Report(
        judged=len(complete),
        queries=len(study.queries),
        systems=systems,
        agreement=_list_agreement(every),
        standings=standings,
        model=model,
    )
    return _predict(study, report, qrels) if model else report


def _measure(study: Study, qrels: Qrels, complete: Sequence[str]) -> list[SystemEstimate]:
    if not complete:
        return []
    chosen = {query: qrels[query] for query in complete}
    values = {name: measure_queries(chosen, run, MEASURES) for name, run in study.runs.items()}
    first = next(iter(values.values()))[MEASURES[0]]
    return [
        SystemEstimate(
            system=name,
            measures={one: _bootstrap(list(own.values())) for one, own in measured.items()},
            difference=_bootstrap(
                [measured[MEASURES[0]][query] - first[query] for query in complete]
            )
            if number
            else None,
        )
        for number, (name, measured) in enumerate(values.items())
    ]


def _predict(study: Study, report: Report, qrels: Qrels) -> Report:
    """Add prediction-powered estimates from the queries that people judged at random.

    These are the first of the random order, up to one that is not judged: others were chosen,
    and are no sample of all queries.
    """
    assert report.model is not None
    predicted = study.read_graded(report.model)
    order = [query for query in study.random_order if query in study.list_complete(predicted)]
    complete = set(study.list_complete(qrels))
    sample = next((n for n, one in enumerate(order) if one not in complete), len(order))
    if not sample:
        return report
    systems = []
    for own in report.systems:
        run = study.runs[own.system]
        model = _read_values(predicted, run, order)
        people = _read_values(qrels, run, order[:sample])
        values = (people, model[:sample], model[sample:])
        update = {
            "predicted": estimate_mean(*values),
            "people": estimate_mean(*values[:2], model[:0]),
        }
        systems.append(own.model_copy(update=update))
    return report.model_copy(update={"systems": systems, "sample": sample})


def _read_values(qrels: Qrels, run: Run, queries: Sequence[str]) -> Numbers:
    measured: MeasuredRun = measure_queries({q: qrels[q] for q in queries}, run, MEASURES[:1])
    return np.array([measured[MEASURES[0]][query] for query in queries])


def _bootstrap(values: Sequence[float]) -> Interval:
    sample = np.array(values)
    low, high = bootstrap_interval(sample) if len(sample) > 1 else (None, None)
    return Interval(mean=float(sample.mean()), low=low, high=high)


def _list_agreement(every: Sequence[Grade]) -> list[Agreement]:
    """Return the agreement of every two judges that graded the same documents."""
    grades: dict[str, dict[tuple[str, str], int]] = {}
    for own in every:
        grades.setdefault(own.judge, {})[own.query, own.document] = own.grade
    agreement = []
    for one, other in combinations(sorted(grades), 2):
        common = sorted(grades[one].keys() & grades[other].keys())
        if common:
            pairs = [grades[one][key] for key in common], [grades[other][key] for key in common]
            agreement.append(
                Agreement(
                    judges=(one, other),
                    documents=len(common),
                    kappa=compute_kappa(*pairs),
                    weighted=compute_kappa(*pairs, weighted=True),
                )
            )
    return agreement


def _is_model(judge: str) -> bool:
    return judge.startswith(MODEL_PREFIX)
