"""A report as one HTML page."""

from pathlib import Path
from typing import Any

from corpus_tuner.eval.report import Report, Result, WeightSweep
from corpus_tuner.eval.report.page import write_page
from tests.eval.report.html_page import Page


def _result(system: str, value: float, **more: Any) -> Result:
    values = {"nDCG@10": value, "RR": 0.5}
    return Result(benchmark="tiny", system=system, queries=4, measures=values, **more)


def _write(folder: Path, **more: Any) -> str:
    results = [_result("base", 0.5), _result("oracle", 0.9, uses_labels=True)]
    results.append(_result("new", 0.625, p_values={"nDCG@10": 0.004}))
    made = {"title": "Mills", "baseline": "base", "system": "new", "results": results, **more}
    write_page(Report.model_validate(made), folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_best_value_is_that_of_a_system_without_labels(tmp_path: Path) -> None:
    text = _write(tmp_path)
    assert '<td class="best">62.5‡</td>' in text
    assert '<td class="">90.0</td>' in text
    assert '<td class="t">oracle*</td>' in text


def test_text_of_a_corpus_is_no_markup(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    page = Page(_write(tmp_path, title=bad, about=bad, remarks=[bad], settings=bad))
    assert "script" not in page.tags
    assert page.outside == []
    assert page.text.count(bad) == 5  # the title twice


def test_every_query_with_a_gain_or_a_loss_has_a_bar(tmp_path: Path) -> None:
    text = _write(tmp_path, gains={"tiny": [0.5, 0.25, 0.0, -0.5]})
    assert text.count('<rect class="up"') == 2
    assert text.count('<rect class="down"') == 1
    assert 'height="100.00"' in text and 'height="50.00"' in text


def test_many_queries_are_thinned_out(tmp_path: Path) -> None:
    text = _write(tmp_path, gains={"tiny": [0.5] * 501})
    assert 200 < text.count("<rect") <= 500


def test_a_curve_has_the_chosen_weight_marked(tmp_path: Path) -> None:
    sweep = WeightSweep(
        benchmark="tiny",
        measure="nDCG@10",
        points=[(0.0, 0.4), (0.5, 0.6), (1.0, 0.5)],
        chosen=0.25,
        reached=0.55,
    )
    text = _write(tmp_path, sweeps=[sweep])
    assert '<path class="chosen" d="M250.0 0V200"/>' in text
    assert "chosen 0.25: 55.0" in text


def test_equal_values_have_an_axis(tmp_path: Path) -> None:
    sweep = WeightSweep(
        benchmark="tiny", measure="RR", points=[(0.0, 0.4), (1.0, 0.4)], chosen=0.5, reached=0.4
    )
    assert "nan" not in _write(tmp_path, sweeps=[sweep], gains={"tiny": [0.0, 0.0]})
