"""What a judge is shown, and what the grades say."""

from collections.abc import Callable

import pytest

from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.judging.report import MEASURES, make_report
from corpus_tuner.judging.study import Study
from tests.judging.conftest import QUERIES, judge_all

Make = Callable[..., Study]


def by_number(_: str, document: str) -> int:
    return int(document[1:]) % 4


def test_every_pooled_document_is_offered_once_and_blind(
    make_study: Make, runs: dict[str, Run]
) -> None:
    study = make_study()
    pooled = {(q, d) for run in runs.values() for q, ranking in run.items() for d, _ in ranking}
    offered: list[tuple[str, str]] = []
    orders: dict[str, list[str]] = {}
    while item := study.find_next():
        offered.append((item.query, item.document))
        orders.setdefault(item.query, []).append(item.document)
        assert item.passage in study.searcher.get(item.document).text  # type: ignore[union-attr]
        assert not runs.keys() & set(item.model_dump())
        study.judgments.add_grade("ann", item.query, item.document, 0)
    assert len(offered) == len(set(offered)) == len(pooled)
    assert set(offered) == pooled
    queries = [query for query, _ in offered]
    assert queries == sorted(queries, key=queries.index)  # one query after the other
    rankings = [[document for document, _ in run[queries[0]]] for run in runs.values()]
    assert all(orders[queries[0]][: len(own)] != own for own in rankings)


def test_queries_that_tell_systems_apart_come_first(make_study: Make) -> None:
    study = make_study()
    standings = make_report(study).standings
    first = study.find_next()
    assert first is not None and first.query == standings[0].query
    assert standings[0].separation > standings[-1].separation > 0
    judge_all(study, by_number)
    assert all(own.separation == 0 and own.judged for own in make_report(study).standings)


def test_a_new_process_continues_where_the_last_one_ended(make_study: Make) -> None:
    total = make_study().count_progress().documents
    assert judge_all(make_study(), by_number, count=7) == 7
    again = make_study()
    assert again.count_progress().graded == 7
    assert again.count_progress().minutes_left is not None
    assert judge_all(again, by_number) == total - 7
    assert make_study().find_next() is None
    assert make_study("ben").count_progress().graded == 0


def test_measures_are_those_of_the_queries_judged_completely(
    make_study: Make, runs: dict[str, Run]
) -> None:
    study = make_study()
    first = study.find_next()
    assert first is not None
    judge_all(study, by_number, count=len(study.pools[first.query]) + 2)
    report = make_report(study)
    assert report.judged == 1
    qrels = {first.query: study.judgments.read_qrels()[first.query]}
    for own in report.systems:
        values = {name: interval.mean for name, interval in own.measures.items()}
        assert values == pytest.approx(measure(qrels, runs[own.system], MEASURES))
        assert own.measures["nDCG@10"].low is None  # of one query
    judge_all(study, by_number)
    full = make_report(study)
    assert full.judged == 3
    assert [own.difference is None for own in full.systems] == [True, False, False]
    for own in full.systems:
        interval = own.measures["nDCG@10"]
        assert interval.low is not None and interval.high is not None
        assert interval.low <= interval.mean <= interval.high


def test_agreement_of_two_judges(make_study: Make) -> None:
    judge_all(make_study("ann"), by_number)
    judge_all(make_study("ben"), lambda query, one: min(3, by_number(query, one) + (one == "d4")))
    judge_all(make_study("cid"), lambda *_: 0, count=2)
    pairs = {own.judges: own for own in make_report(make_study()).agreement}
    assert set(pairs) == {("ann", "ben"), ("ann", "cid"), ("ben", "cid")}
    assert 0.8 < pairs["ann", "ben"].kappa < pairs["ann", "ben"].weighted < 1
    assert pairs["ann", "cid"].documents == 2


def test_rankings_are_shown_after_the_query_is_judged(make_study: Make) -> None:
    study = make_study()
    assert study.compare("q0", ["hybrid", "dense"]) is None
    judge_all(study, by_number)
    shown = study.compare("q0", ["hybrid", "dense"])
    assert shown is not None
    ids = [document for document, _ in study.runs["dense"]["q0"]]
    assert [id_ for id_, _ in shown["dense"]] == ids
    assert shown["dense"][0][1] == study.searcher.get(ids[0]).title  # type: ignore[union-attr]


def test_documents_that_the_index_lacks_are_not_offered(make_study: Make) -> None:
    study = make_study()
    other: Run = {query: [("elsewhere", 1.0)] for query in QUERIES}
    mixed = Study(study.searcher, study.judgments, "ann", QUERIES, {**study.runs, "x": other})
    assert mixed.missing == {"elsewhere"}
    judge_all(mixed, by_number)
    (last,) = (own for own in make_report(mixed).systems if own.system == "x")
    assert last.measures["nDCG@10"].mean == 0


def test_estimates_with_a_model_use_the_random_sample_only(make_study: Make) -> None:
    judge_all(make_study("llm:model"), lambda query, one: min(3, by_number(query, one) + 1))
    study = make_study(in_random_order=True)
    first = study.find_next()
    assert first is not None
    assert make_report(study).sample == 0
    judge_all(study, by_number, count=len(study.pools[first.query]))
    report = make_report(study)
    assert (report.model, report.sample) == ("llm:model", 1)
    assert all(own.predicted and own.people for own in report.systems)
    assert set(study.judgments.read_qrels()) == {first.query}  # the model's are not exported
    # Of queries that somebody chose, none counts after one that was left out.
    study.judgments.undo("ann")
    for query in QUERIES.keys() - {first.query}:
        for document in study.pools[query]:
            study.judgments.add_grade("ann", query, document, 2)
    report = make_report(study)
    assert (report.judged, report.sample) == (2, 0)
