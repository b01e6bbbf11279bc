"""One HTML page with all of a report in it: no script, nothing to be fetched."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from corpus_tuner.core.text_output import write_text
from corpus_tuner.eval.report import Report, Result, WeightSweep
from corpus_tuner.eval.report.charts import bounds, curve, gains
from corpus_tuner.eval.report.tables import (
    averaged,
    mark_of,
    marks_explained,
    matrix,
    probability,
)


def write_page(report: Report, path: Path) -> None:
    """Write the page, in one step."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"points": _points, "signed": _signed, "p": probability, "mark": mark_of}
    template = environment.from_string(
        files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    )
    write_text(template.render(report=report, **_prepared(report)), path)


def _prepared(report: Report) -> dict[str, Any]:
    """Return what the template needs in other shapes than the report has it."""
    measures = list(report.results[0].measures)
    first = measures[0]
    benchmarks: dict[str, list[Result]] = {}
    for result in report.results:
        benchmarks.setdefault(result.benchmark, []).append(result)
    compared = {
        (comparison.benchmark, comparison.system): comparison for comparison in report.comparisons
    }
    return {
        "measures": measures,
        "marks": marks_explained(report.baseline),
        "first": first,
        "benchmarks": benchmarks,
        "compared": compared,
        "best": {
            (name, measure): max(
                (result.measures[measure] for result in results if not result.uses_labels),
                default=None,
            )
            for name, results in benchmarks.items()
            for measure in measures
        },
        "scales": {name: _scale(results, first) for name, results in benchmarks.items()},
        "averages": averaged(report.results, first) if len(benchmarks) > 1 else {},
        "charts": {name: gains(values) for name, values in report.gains.items()},
        "sweeps": [
            (sweep, curve(sweep.points, (sweep.chosen, sweep.reached)), _ends(sweep))
            for sweep in report.sweeps
        ],
        "ablation": matrix(report.ablation, first) if report.ablation else [],
    }


def _scale(results: list[Result], measure: str) -> tuple[float, float]:
    """Return the ends of the axis of a benchmark's bars; it begins at 0 unless all is far off."""
    ends = [
        end
        for result in results
        for end in result.intervals.get(measure, (result.measures[measure],) * 2)
    ]
    return (0.0, max(*ends, 0.01)) if min(ends) < 0.75 * max(ends) else bounds(ends)


def _ends(sweep: WeightSweep) -> tuple[float, float]:
    return bounds([value for _, value in [*sweep.points, (0, sweep.reached)]])


def _points(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
