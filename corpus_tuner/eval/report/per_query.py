"""Queries that gained and lost most, with the documents that system and baseline ranked first."""

from collections.abc import Callable, Mapping, Sequence

from corpus_tuner.eval.report import QueryChange, ShownDocument
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import QueryValues
from corpus_tuner.eval.trec.runs import Ranking, Run

MOST_QUERIES = 5
"""Number of queries shown on either side."""

_MOST_DOCUMENTS = 3  # of every ranking
_MOST_RELEVANT = 5

Describe = Callable[[Sequence[str]], Sequence[Mapping[str, ShownDocument]]]
"""Function that returns documents by id for texts of queries, with title, view and rankers."""


def select_extremes(gains: Mapping[str, float], most: int = MOST_QUERIES) -> list[str]:
    """Return the queries that gained most, in descending order, then those that lost most.

    Examples
    --------
    >>> select_extremes({"a": 0.1, "b": -0.5, "c": 0.4, "d": 0.0}, most=1)
    ['c', 'b']
    """
    order = sorted(gains, key=lambda query: (-gains[query], query))
    winners = [query for query in order if gains[query] > 0][:most]
    return winners + [query for query in order if gains[query] < 0][-most:]


def list_query_changes(
    benchmark: Benchmark,
    runs: Mapping[str, Run],
    values: Mapping[str, QueryValues],
    system: str,
    baseline: str,
    describe: Describe | None = None,
) -> list[QueryChange]:
    """Return the queries on which system and baseline differ most."""
    gains = {query: now - values[baseline][query] for query, now in values[system].items()}
    chosen = select_extremes(gains)
    texts = [benchmark.queries[query] for query in chosen]
    labels = describe(texts) if describe and texts else [{} for _ in texts]
    changes = []
    for query, text, documents in zip(chosen, texts, labels, strict=True):
        grades = benchmark.qrels[query]
        now, before = runs[system].get(query, []), runs[baseline].get(query, [])
        ranks, ranks_before = _rank(now), _rank(before)
        titles = {id_: one.model_copy(update={"rankers": ""}) for id_, one in documents.items()}
        relevant = sorted(
            (document for document, grade in grades.items() if grade > 0),
            key=lambda document: (ranks.get(document, len(now) + 1), document),
        )[:_MOST_RELEVANT]
        changes.append(
            QueryChange(
                benchmark=benchmark.name,
                query=query,
                text=text,
                value=values[system][query],
                before=values[baseline][query],
                found=_show([*ranks][:_MOST_DOCUMENTS], ranks, grades, documents),
                found_before=_show([*ranks_before][:_MOST_DOCUMENTS], ranks_before, grades, titles),
                relevant=_show(relevant, ranks, grades, documents),
                relevant_before=[ranks_before.get(document, 0) for document in relevant],
            )
        )
    return changes


def _rank(ranking: Ranking) -> dict[str, int]:
    return {document: rank for rank, (document, _) in enumerate(ranking, start=1)}


def _show(
    ids: Sequence[str],
    ranks: Mapping[str, int],
    grades: Mapping[str, int],
    documents: Mapping[str, ShownDocument],
) -> list[ShownDocument]:
    return [
        documents.get(id_, ShownDocument(document=id_)).model_copy(
            update={"rank": ranks.get(id_, 0), "grade": grades.get(id_)}
        )
        for id_ in ids
    ]
