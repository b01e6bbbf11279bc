"""The curve of a training, and its picture."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError

_SMOOTHED = 50  # steps, at most, that a point of the training loss is the mean of


@dataclass
class Curve:
    """How a training went.

    Attributes
    ----------
    rows
        For each step its training loss (nats a token) and learning rate. For
        each look at the dev pairs, after its step: dev loss by instruction and their mean, ROUGE-L
        by instruction.
    """

    rows: list[dict[str, Any]]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The rows of steps."""
        return [row for row in self.rows if "dev" not in row]

    @property
    def looks(self) -> list[dict[str, Any]]:
        """The rows of looks."""
        return [row for row in self.rows if "dev" in row]

    @property
    def best(self) -> float:
        """The lowest mean dev loss."""
        return min((look["loss"] for look in self.looks), default=math.inf)

    def is_out_of_patience(self, patience: int) -> bool:
        """Tell whether the last `patience` looks were no better than one before them."""
        losses = [look["loss"] for look in self.looks]
        return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])

    def write(self, path: Path) -> None:
        """Write one JSON object a line."""
        lines = [f"{json.dumps(row, sort_keys=True)}\n" for row in self.rows]
        path.write_text("".join(lines), encoding="utf-8")


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
    steps = [look["step"] for look in curve.looks]
    left.plot(steps, [look["loss"] for look in curve.looks], "k.-", label="dev, mean")
    _draw_by_instruction(left, curve, "dev")
    left.set(xlabel="step", ylabel="loss (nats a token)", title="Loss")
    _draw_by_instruction(right, curve, "rouge_l")
    right.set(xlabel="step", ylabel="ROUGE-L", title="What is written for dev pairs")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(fontsize="small", frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _draw_by_instruction(axes: Any, curve: Curve, what: str) -> None:
    """Draw a line for each instruction."""
    steps = [look["step"] for look in curve.looks]
    for name in curve.looks[0][what]:
        axes.plot(steps, [look[what][name] for look in curve.looks], ".-", lw=1, ms=3, label=name)
