"""Tables of results."""

from pathlib import Path

from eval.report import Result, matrix, write_markdown


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


def test_a_matrix_averages_only_what_is_whole(tmp_path: Path) -> None:
    results = [_result("a", "x", 0.5), _result("a", "y", 0.25), _result("b", "x", 0.602)]
    rows = matrix(results, "nDCG@10")
    assert rows == [
        ["system", "a", "b", "average"],
        ["x", "50.0", "60.2", "55.10"],
        ["y", "25.0", "", ""],
    ]
    write_markdown(rows, tmp_path / "table.md")
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == [
        "| system | a | b | average |",
        "| --- | --: | --: | --: |",
        "| x | 50.0 | 60.2 | 55.10 |",
    ]
    assert matrix(results[:1], "nDCG@10") == [["system", "a"], ["x", "50.0"]]
