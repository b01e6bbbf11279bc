"""Learning curve of a generator, and its chart."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError

_SMOOTHED = 50  # most steps whose training losses are averaged in the chart


@dataclass
class Curve:
    """Learning curve of a training.

    Attributes
    ----------
    rows
        Training loss (nats per token) and learning rate of every step; dev loss and ROUGE-L by
        instruction of every evaluation, after its step.
    """

    rows: list[dict[str, Any]]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Rows of steps."""
        return [row for row in self.rows if "dev" not in row]

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """Rows of evaluations."""
        return [row for row in self.rows if "dev" in row]

    @property
    def best(self) -> float:
        """Lowest mean dev loss."""
        return min((row["loss"] for row in self.evaluations), default=math.inf)

    def is_out_of_patience(self, patience: int) -> bool:
        """Tell whether the last `patience` evaluations were no better than one before them."""
        losses = [row["loss"] for row in self.evaluations]
        return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


def draw_curve(curve: Curve, path: Path) -> None:
    """Draw losses and ROUGE-L by step, as SVG.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("tuning a generator", "tune") from error

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    size = max(1, min(_SMOOTHED, len(curve.steps) // 20))
    rows = [curve.steps[start : start + size] for start in range(0, len(curve.steps), size)]
    left.plot(
        [row[-1]["step"] for row in rows],
        [sum(each["loss"] for each in row) / len(row) for row in rows],
        color="0.7",
        label="training",
    )
    steps = [row["step"] for row in curve.evaluations]
    left.plot(steps, [row["loss"] for row in curve.evaluations], "k.-", label="dev, mean")
    for axes, key in ((left, "dev"), (right, "rouge_l")):
        for name in curve.evaluations[0][key]:
            values = [row[key][name] for row in curve.evaluations]
            axes.plot(steps, values, ".-", lw=1, ms=3, label=name)
        axes.spines[["top", "right"]].set_visible(False)
    left.set(xlabel="step", ylabel="loss (nats a token)", title="Loss")
    right.set(xlabel="step", ylabel="ROUGE-L", title="Texts generated for dev pairs")
    right.set_ylim(bottom=0)
    left.legend(fontsize="small", frameon=False)
    figure.savefig(path, metadata={"Date": None})
