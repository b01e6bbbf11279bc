"""Tables of results."""

import pytest

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.eval.report import Report
from corpus_tuner.eval.report.tables import format_markdown, tabulate_measure, tabulate_results
from tests.eval.report.made_results import RESULTS, make_result


def test_a_matrix_averages_only_what_is_whole() -> None:
    results = [
        make_result("a", "x", 0.5),
        make_result("a", "y", 0.25),
        make_result("b", "x", 0.602),
    ]
    rows = tabulate_measure(results, "nDCG@10")
    assert rows == [
        ["system", "a", "b", "average"],
        ["x", "50.0", "60.2", "55.10"],
        ["y", "25.0", "", ""],
    ]
    assert format_markdown(rows).splitlines()[:3] == [
        "| system | a | b | average |",
        "| --- | --: | --: | --: |",
        "| x | 50.0 | 60.2 | 55.10 |",
    ]
    assert tabulate_measure(results[:1], "nDCG@10") == [["system", "a"], ["x", "50.0"]]


def test_marks_of_significance_stand_in_one_table() -> None:
    rows = tabulate_results(RESULTS)
    assert rows[0] == ["benchmark", "system", "nDCG@10", "MRR@100"]
    assert [row[2] for row in rows[1:]] == ["50.0", "75.0\u2021", "60.0\u2020", "51.0", "25.0"]


def test_a_report_is_a_dataframe(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report(title="", baseline="base", system="other", results=RESULTS)
    frame = report.to_dataframe()
    assert list(frame["system"]) == [result.system for result in RESULTS]
    assert list(frame.columns[5:9]) == ["nDCG@10", "MRR@100", "p(nDCG@10)", "p(MRR@100)"]
    assert frame["nDCG@10"].sum() == pytest.approx(2.61)
    assert frame["p(nDCG@10)"].count() == 3  # the baseline has none
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"\[pandas\]"):
        report.to_dataframe()
