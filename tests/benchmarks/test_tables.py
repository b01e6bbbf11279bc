"""Tables of the documentation, from the files that an evaluation writes."""

from pathlib import Path

import pytest

from benchmarks import tables
from corpus_tuner.eval.report import IndexCost, Result
from corpus_tuner.eval.report.assembly import report_benchmark, write_report
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure_queries
from corpus_tuner.eval.trec.qrels import write_qrels
from corpus_tuner.eval.trec.runs import Run, write_run

SYSTEMS = ("bm25", "ngrams", "passage", "default", "hybrid", "oracle", "oracle-all")
TINY = Benchmark(
    "tiny",
    "",
    {"q1": "wheat", "q2": "rent"},
    {"q1": {"mill": 1}, "q2": {"law": 1}},
)
GOOD: Run = {"q1": [("mill", 2.0), ("law", 1.0)], "q2": [("law", 2.0), ("mill", 1.0)]}
BAD: Run = {"q1": [("law", 2.0), ("mill", 1.0)], "q2": [("mill", 2.0), ("law", 1.0)]}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Files of an evaluation in which the encoder alone ranks badly."""
    (tmp_path / "runs").mkdir()
    runs = {system: BAD if system == "passage" else GOOD for system in SYSTEMS}
    measured = {name: measure_queries(TINY.qrels, run) for name, run in runs.items()}
    made = [
        Result.from_queries(
            TINY,
            name,
            values,
            language="en",
            documents=2,
            seconds=0.02,
            weights={"words": 0.5, "views": 0.5} if name in ("default", "hybrid") else {},
            uses_labels="oracle" in name,
        )
        for name, values in measured.items()
    ]
    cost = IndexCost(benchmark="tiny", documents=2, views=6, bytes=2**20, seconds=3)
    measures = list(measured["bm25"])
    report = report_benchmark(
        TINY, runs, measured, made, measures, "hybrid", "passage", costs=[cost]
    )
    write_report(report, tmp_path)
    write_qrels(TINY.qrels, tmp_path / "runs" / "tiny.qrels")
    for name, run in runs.items():
        write_run(run, tmp_path / "runs" / f"tiny.{name}.trec", name)
    return tmp_path


def test_tables_are_filled_in(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    names = ("summary", "systems", "comparison", "cost")
    marks = [f"<!-- table: {name} -->\nold\n<!-- end -->\n" for name in (*names, "other")]
    page.write_text("\n".join(marks), encoding="utf-8")
    monkeypatch.setattr(tables, "PAGES", (page,))
    monkeypatch.setattr("sys.argv", ["tables", str(results)])
    tables.main()
    text = page.read_text(encoding="utf-8")
    assert text.count("old") == 1  # of the table that is no result
    assert "| tiny (en) | 2 | 2 | 100.0 | 63.1 | 81.5 | **100.0** | 100.0 |" in text
    assert "| tiny | default | words 0.50, views 0.50 | 100.0 | 100.0 | 100.0 |" in text
    assert "| tiny | +36.9 | " in text
    assert "| tiny | 2 | 6 | 1.0 | 3 |  |" in text
