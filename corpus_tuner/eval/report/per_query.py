"""The queries that gained and lost most, with what was found and which view made the difference."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from corpus_tuner.eval.report import Mover, ShownDocument
from corpus_tuner.eval.trec.measures import Measurement
from corpus_tuner.eval.trec.runs import Ranking

MOST = 5
"""Queries shown on either side."""

_SHOWN = 3  # documents of every ranking
_RELEVANT = 5  # relevant documents shown, at most


class Label(NamedTuple):
    """What a run does not say of a document.

    Attributes
    ----------
    title
        Of the document.
    view
        Kind and text of what is nearest to the query.
    rankers
        What every ranker adds to its score.
    """

    title: str = ""
    view: str = ""
    rankers: str = ""


Describe = Callable[[Sequence[str]], Sequence[Mapping[str, Label]]]
"""Returns for every query's text the labels of documents, by id."""


def extremes(gains: Mapping[str, float], most: int = MOST) -> list[str]:
    """Return the queries that gained most, the best first, then those that lost, the worst last.

    Parameters
    ----------
    gains
        Of every query, by id.
    most
        Queries on either side.

    Examples
    --------
    >>> extremes({"a": 0.1, "b": -0.5, "c": 0.4, "d": 0.0}, most=1)
    ['c', 'b']
    """
    order = sorted(gains, key=lambda query: (-gains[query], query))
    up = [query for query in order if gains[query] > 0][:most]
    return up + [query for query in order if gains[query] < 0][-most:]


def movers(
    measurement: Measurement,
    measure: str,
    system: str,
    baseline: str,
    describe: Describe | None = None,
) -> list[Mover]:
    """Return what happened to the queries that gained and lost most.

    Parameters
    ----------
    measurement
        What was found, and what it is worth by `measure`.
    measure, system, baseline
        Names; nothing is returned where one of the systems was not measured.
    describe
        Gives titles and views, where they can be had.
    """
    benchmark, runs, measured = measurement
    if not {system, baseline} <= runs.keys():
        return []
    values = {name: measured[name][measure] for name in (system, baseline)}
    chosen = extremes(
        {query: value - values[baseline][query] for query, value in values[system].items()}
    )
    texts = [benchmark.queries[query] for query in chosen]
    labels = describe(texts) if describe and texts else [{} for _ in texts]
    made = []
    for query, text, known in zip(chosen, texts, labels, strict=True):
        grades = benchmark.qrels[query]
        now, before = runs[system].get(query, []), runs[baseline].get(query, [])
        ranks, ranks_before = _ranks(now), _ranks(before)
        known_before = {name: label._replace(rankers="") for name, label in known.items()}
        relevant = sorted(
            (document for document, grade in grades.items() if grade > 0),
            key=lambda document: (ranks.get(document, len(now) + 1), document),
        )[:_RELEVANT]
        made.append(
            Mover(
                benchmark=benchmark.name,
                query=query,
                text=text,
                system=system,
                baseline=baseline,
                value=values[system][query],
                before=values[baseline][query],
                found=_first(now, grades, known),
                found_before=_first(before, grades, known_before),
                relevant=[
                    _shown(document, ranks.get(document, 0), grades, known) for document in relevant
                ],
                relevant_before=[ranks_before.get(document, 0) for document in relevant],
            )
        )
    return made


def _ranks(ranking: Ranking) -> dict[str, int]:
    return {document: rank for rank, (document, _) in enumerate(ranking, start=1)}


def _first(
    ranking: Ranking, grades: Mapping[str, int], known: Mapping[str, Label]
) -> list[ShownDocument]:
    return [
        _shown(document, rank, grades, known)
        for rank, (document, _) in enumerate(ranking[:_SHOWN], start=1)
    ]


def _shown(
    document: str, rank: int, grades: Mapping[str, int], known: Mapping[str, Label]
) -> ShownDocument:
    label = known.get(document, Label())
    return ShownDocument(
        document=document,
        title=label.title,
        rank=rank,
        grade=grades.get(document),
        view=label.view,
        rankers=label.rankers,
    )
