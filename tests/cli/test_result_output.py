"""Output of evaluations: tables of measures, for the terminal and for LaTeX."""

import re
from pathlib import Path

import pytest

from corpus_tuner.cli.result_output import show_results
from corpus_tuner.eval.report import Result
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure_queries
from tests.cli.conftest import Run


def test_a_table_for_latex(tmp_path: Path, run: Run, files: dict[str, Path]) -> None:
    (tmp_path / "a_b.trec").write_text("q%201 Q0 mill 1 1.0 t\n", encoding="utf-8")
    (tmp_path / "c.trec").write_text("q%202 Q0 d1 1 1.0 t\n", encoding="utf-8")
    options = ("--qrels", files["trec.qrels"], "-o", tmp_path / "out")
    outcome = run("compare", tmp_path / "a_b.trec", tmp_path / "c.trec", *options)
    assert outcome.code == 0, outcome.err
    table = (tmp_path / "out" / "table.tex").read_text(encoding="utf-8")
    assert r"a\_b & \textbf{50.0} & \textbf{50.0} & \textbf{50.0} \\" in table
    assert "a_b found nothing for 1 of 2 judged queries" in outcome.out


def test_measures_are_printed_in_points_with_gains_over_the_baseline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    benchmark = Benchmark("tiny", "", {"q1": "wheat"}, {"q1": {"mill": 1}})
    found = {"passage": [("oven", 2.0), ("mill", 1.0)], "hybrid": [("mill", 1.0)]}
    results = [
        Result.from_queries(benchmark, name, measure_queries(benchmark.qrels, {"q1": run}, ["P@1"]))
        for name, run in found.items()
    ]
    show_results(results)
    out = capsys.readouterr().out
    assert re.search(r"tiny +passage +0\.0\b", out)
    assert re.search(r"hybrid +100\.0 \+100\.0", out)
    assert "+ and - are gains and losses compared with passage" in out
    show_results(results[1:])
    assert "gains and losses" not in capsys.readouterr().out
