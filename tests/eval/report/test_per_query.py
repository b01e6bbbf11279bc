"""Queries that gained and lost most."""

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.eval.report import ShownDocument
from corpus_tuner.eval.report.per_query import list_query_changes, select_extremes
from corpus_tuner.eval.trec.benchmark import Benchmark

BENCHMARK = Benchmark(
    "tiny",
    "",
    {"q1": "wheat", "q2": "rent", "q3": "same"},
    {"q1": {"mill": 2, "farm": 0, "oven": 1}, "q2": {"law": 1}, "q3": {"x": 1}},
)
RUNS = {
    "new": {"q1": [("mill", 3.0), ("farm", 2.0), ("a", 1.0), ("b", 0.5)], "q2": [("a", 1.0)]},
    "old": {"q1": [("a", 2.0), ("oven", 1.0)], "q2": [("law", 1.0)], "q3": [("x", 1.0)]},
}
VALUES = {"new": {"q1": 0.9, "q2": 0.0, "q3": 1.0}, "old": {"q1": 0.2, "q2": 1.0, "q3": 1.0}}


@given(
    gains=st.dictionaries(st.text(max_size=3), st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5])),
    most=st.integers(1, 4),
)
def test_extremes_are_winners_then_losers(gains: dict[str, float], most: int) -> None:
    chosen = select_extremes(gains, most)
    values = [gains[query] for query in chosen]
    assert values == sorted(values, reverse=True)
    assert len(set(chosen)) == len(chosen)
    for sign in (1, -1):
        ends = sorted((sign * value for value in gains.values() if sign * value > 0), reverse=True)
        assert sorted((sign * v for v in values if sign * v > 0), reverse=True) == ends[:most]


def test_changes_show_ranks_and_grades_of_both_rankings() -> None:
    gained, lost = list_query_changes(BENCHMARK, RUNS, VALUES, "new", "old")
    assert (gained.query, gained.text, gained.value, gained.before) == ("q1", "wheat", 0.9, 0.2)
    found = [(one.document, one.rank, one.grade) for one in gained.found]
    assert found == [("mill", 1, 2), ("farm", 2, 0), ("a", 3, None)]
    assert [one.document for one in gained.found_before] == ["a", "oven"]
    # Relevant documents in the order of the system; those that are not retrieved have rank 0.
    assert [(one.document, one.rank) for one in gained.relevant] == [("mill", 1), ("oven", 0)]
    assert gained.relevant_before == [0, 2]
    assert (lost.query, lost.relevant_before) == ("q2", [1])


def test_rankers_are_described_for_the_system_only() -> None:
    def describe(texts: object) -> list[dict[str, ShownDocument]]:
        assert texts == ["wheat", "rent"]
        shown = ShownDocument(document="a", title="Title of a", rankers="words +1.00")
        return [{"a": shown}] * 2

    gained, _ = list_query_changes(BENCHMARK, RUNS, VALUES, "new", "old", describe)
    assert (gained.found[2].title, gained.found[2].rankers) == ("Title of a", "words +1.00")
    assert (gained.found_before[0].title, gained.found_before[0].rankers) == ("Title of a", "")
