"""Tables of results."""

from corpus_tuner.eval.report import Result
from corpus_tuner.eval.report.tables import as_markdown, matrix


def _result(benchmark: str, system: str, value: float) -> Result:
    return Result(
        benchmark=benchmark,
        language="en",
        system=system,
        documents=1,
        queries=1,
        measures={"nDCG@10": value, "MRR@100": 0},
        seconds=0,
    )


def test_a_matrix_averages_only_what_is_whole() -> None:
    results = [_result("a", "x", 0.5), _result("a", "y", 0.25), _result("b", "x", 0.602)]
    rows = matrix(results, "nDCG@10")
    assert rows == [
        ["system", "a", "b", "average"],
        ["x", "50.0", "60.2", "55.10"],
        ["y", "25.0", "", ""],
    ]
    assert as_markdown(rows).splitlines()[:3] == [
        "| system | a | b | average |",
        "| --- | --: | --: | --: |",
        "| x | 50.0 | 60.2 | 55.10 |",
    ]
    assert matrix(results[:1], "nDCG@10") == [["system", "a"], ["x", "50.0"]]
