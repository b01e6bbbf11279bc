"""A report as one HTML page with SVG charts: no script, nothing to fetch."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from corpus_tuner.core.files import write_text
from corpus_tuner.eval.report import Report, Result, find_best
from corpus_tuner.eval.report.tables import (
    average_benchmarks,
    explain_marks,
    format_p_value,
    mark_p_value,
)

_WIDTH, _HEIGHT = 1000, 200  # of charts, which stretch to any width
_MOST_BARS = 500  # more are thinned out: no screen shows more


def write_page(report: Report, path: Path) -> None:
    """Write the page, atomically."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    filters: dict[str, Callable[..., str]] = {
        "points": _format_points,
        "signed": _format_difference,
        "p": format_p_value,
        "mark": mark_p_value,
    }
    environment.filters |= filters
    template = environment.from_string(
        files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    )
    measures = list(report.results[0].measures)
    first, benchmarks = measures[0], report.by_benchmark
    page = template.render(
        report=report,
        measures=measures,
        marks=explain_marks(report.baseline),
        first=first,
        benchmarks=benchmarks,
        compared={(one.benchmark, one.system): one for one in report.comparisons},
        best={
            (name, measure): find_best(results, measure)
            for name, results in benchmarks.items()
            for measure in measures
        },
        scales={name: _scale_axis(results, first) for name, results in benchmarks.items()},
        averages=average_benchmarks(report.results, first) if len(benchmarks) > 1 else {},
        charts={name: _draw_gains(values) for name, values in report.gains.items()},
        sweeps=[
            (sweep, *_draw_curve(sweep.points, (sweep.chosen, sweep.reached)))
            for sweep in report.sweeps
        ],
    )
    write_text(path, page)


def _format_points(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"


def _format_difference(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _scale_axis(results: list[Result], measure: str) -> tuple[float, float]:
    """Return the ends of the axis of a benchmark's bars; it begins at 0 unless all is far off."""
    ends = [
        end
        for result in results
        for end in result.intervals.get(measure, (result.measures[measure],) * 2)
    ]
    return (0.0, max(*ends, 0.01)) if min(ends) < 0.75 * max(ends) else _pad_range(ends)


def _pad_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis for some values, with a margin."""
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or 0.01
    return low - margin, high + margin


def _draw_gains(values: Sequence[float]) -> Markup:
    """Draw the gain of every query, in descending order, as a bar from the middle."""
    shown = values[:: max(1, -(-len(values) // _MOST_BARS))]
    reach = max((abs(value) for value in shown), default=0) or 1
    width = _WIDTH / max(len(shown), 1)
    bars = []
    for position, value in enumerate(shown):
        if value:
            height = abs(value) / reach * _HEIGHT / 2
            top = _HEIGHT / 2 - (height if value > 0 else 0)
            bars.append(
                f'<rect class="{"up" if value > 0 else "down"}" x="{position * width:.2f}" '
                f'y="{top:.2f}" width="{width:.2f}" height="{height:.2f}"/>'
            )
    middle = f'<path class="axis" d="M0 {_HEIGHT / 2}H{_WIDTH}"/>'
    return _wrap_svg("gain of every query, sorted", [*bars, middle])


def _draw_curve(
    points: Sequence[tuple[float, float]], chosen: tuple[float, float]
) -> tuple[Markup, tuple[float, float]]:
    """Draw a curve over the weights 0 to 1 with a mark; return it with the ends of its axis."""
    low, high = _pad_range([value for _, value in [*points, chosen]])

    def locate(weight: float, value: float) -> str:
        return f"{weight * _WIDTH:.1f} {_HEIGHT * (1 - (value - low) / (high - low)):.1f}"

    line = " L".join(locate(*point) for point in points)
    x, y = locate(*chosen).split()
    svg = _wrap_svg(
        "measure by weight of the lexical rankers",
        [
            f'<path class="curve" d="M{line}"/>',
            f'<path class="chosen" d="M{x} 0V{_HEIGHT}"/>',
            f'<path class="dot" d="M{x} {y}h.01"/>',
        ],
    )
    return svg, (low, high)


def _wrap_svg(title: str, parts: Sequence[str]) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{title}">{"".join(parts)}</svg>'
    )
