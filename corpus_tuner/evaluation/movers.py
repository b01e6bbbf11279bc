"""The queries that gained and lost most, with what was found and which view made the difference."""

from collections.abc import Mapping
from pathlib import Path

from corpus_tuner.evaluation.ladder import System
from corpus_tuner.eval.measures import Measurement
from corpus_tuner.eval.report import Found, Mover
from corpus_tuner.eval.runs import Ranking
from corpus_tuner.indexes.encoders import Encoder
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.search.searcher import Searcher

MOST = 5
"""Queries told of on each side."""

_SHOWN = 3  # documents of each ranking
_RELEVANT = 5  # relevant documents told of, at most
_DEEP = 100  # how deep their views are looked for


def extremes(gains: Mapping[str, float], most: int = MOST) -> list[str]:
    """Return the queries that gained most, the best first, then those that lost, the worst last."""
    order = sorted(gains, key=lambda query: (-gains[query], query))
    up = [query for query in order if gains[query] > 0][:most]
    return up + [query for query in order if gains[query] < 0][-most:]


def movers(
    measurement: Measurement,
    measure: str,
    system: str,
    baseline: str,
    index: Path | None = None,
    encoder: Encoder | None = None,
    how: System | None = None,
) -> list[Mover]:
    """Tell what happened to the queries that gained and lost most.

    Parameters
    ----------
    measurement
        What was found, and what it is worth by `measure`.
    measure, system, baseline
        Names; nothing is told where one of the systems was not measured.
    index, encoder, how
        How the system searched, where that is known: then titles and views can be told.
    """
    benchmark, runs, measured = measurement
    if not {system, baseline} <= runs.keys():
        return []
    values = {name: measured[name][measure] for name in (system, baseline)}
    chosen = extremes(
        {query: value - values[baseline][query] for query, value in values[system].items()}
    )
    hits = _hits([benchmark.queries[query] for query in chosen], index, encoder, how)
    told = []
    for query, known in zip(chosen, hits, strict=True):
        grades = benchmark.qrels[query]
        now, before = runs[system].get(query, []), runs[baseline].get(query, [])
        ranks = {name: _ranks(ranking) for name, ranking in ((system, now), (baseline, before))}
        relevant = sorted(
            (document for document, grade in grades.items() if grade > 0),
            key=lambda each: (ranks[system].get(each, len(now) + 1), each),
        )[:_RELEVANT]
        told.append(
            Mover(
                benchmark=benchmark.name,
                query=query,
                text=benchmark.queries[query],
                system=system,
                baseline=baseline,
                value=values[system][query],
                before=values[baseline][query],
                found=[_told(each, at, grades, known) for at, (each, _) in _first(now)],
                found_before=[_told(each, at, grades, known) for at, (each, _) in _first(before)],
                relevant=[
                    _told(each, ranks[system].get(each, 0), grades, known) for each in relevant
                ],
                relevant_before=[ranks[baseline].get(each, 0) for each in relevant],
            )
        )
    return told


def _hits(
    queries: list[str], index: Path | None, encoder: Encoder | None, how: System | None
) -> list[dict[str, Hit]]:
    """Search again, for what a run does not say: titles and views."""
    if index is None or how is None or not queries:
        return [{} for _ in queries]
    with Searcher.open(index, encoder=encoder, representation=how.representation) as searcher:
        found = searcher.search(queries, _DEEP, how.mode, how.settings)
    return [{hit.document.id: hit for hit in some} for some in found]


def _ranks(ranking: Ranking) -> dict[str, int]:
    return {document: rank for rank, (document, _) in enumerate(ranking, start=1)}


def _first(ranking: Ranking) -> list[tuple[int, tuple[str, float]]]:
    return list(enumerate(ranking[:_SHOWN], start=1))


def _told(document: str, rank: int, grades: Mapping[str, int], known: Mapping[str, Hit]) -> Found:
    hit = known.get(document)
    return Found(
        document=document,
        title=hit.document.title if hit else "",
        rank=rank,
        grade=grades.get(document),
        view=f"{hit.view.kind}: {_short(hit.view.text)}" if hit else "",
    )


def _short(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return f"{line[: most - 1]}…" if len(line) > most else line
