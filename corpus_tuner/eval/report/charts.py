"""Charts as SVG that stretches to any width; the words beside them are the page's."""

from collections.abc import Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT = 1000, 200
_MOST_BARS = 500  # more are thinned out: no screen shows more


def gains(values: Sequence[float]) -> Markup:
    """Draw every query's gain as a bar, up or down from the middle.

    Parameters
    ----------
    values
        As fractions, the largest first.
    """
    step = max(1, -(-len(values) // _MOST_BARS))
    shown = list(values[::step])
    reach = max((abs(value) for value in shown), default=0) or 1
    wide = _WIDTH / max(len(shown), 1)
    bars = []
    for position, value in enumerate(shown):
        if not value:
            continue
        high = abs(value) / reach * _HEIGHT / 2
        top = _HEIGHT / 2 - (high if value > 0 else 0)
        kind = "up" if value > 0 else "down"
        bars.append(
            f'<rect class="{kind}" x="{position * wide:.2f}" y="{top:.2f}" '
            f'width="{wide:.2f}" height="{high:.2f}"/>'
        )
    middle = f'<path class="axis" d="M0 {_HEIGHT / 2}H{_WIDTH}"/>'
    return _svg("gain of every query, sorted", [*bars, middle])


def curve(points: Sequence[tuple[float, float]], chosen: tuple[float, float]) -> Markup:
    """Draw a curve over the weights 0 to 1, and a mark at the chosen one.

    Parameters
    ----------
    points
        Weight and value, by weight.
    chosen
        The same, of the mark.
    """
    low, high = bounds([value for _, value in [*points, chosen]])

    def at(weight: float, value: float) -> str:
        return f"{weight * _WIDTH:.1f} {_HEIGHT * (1 - (value - low) / (high - low)):.1f}"

    line = " L".join(at(*point) for point in points)
    x, y = at(*chosen).split()
    return _svg(
        "measure by weight of words and n-grams",
        [
            f'<path class="curve" d="M{line}"/>',
            f'<path class="chosen" d="M{x} 0V{_HEIGHT}"/>',
            f'<path class="dot" d="M{x} {y}h.01"/>',
        ],
    )


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds `values`, with some room."""
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or 0.01
    return low - room, high + room


def _svg(title: str, parts: Sequence[str]) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{title}">{"".join(parts)}</svg>'
    )
