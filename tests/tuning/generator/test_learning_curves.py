"""Learning curve of a generator."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.tuning.generator.learning_curves import Curve


def _evaluation(step: int, loss: float) -> dict[str, Any]:
    return {"step": step, "loss": loss, "dev": {"title-en": loss}, "rouge_l": {"title-en": 0.5}}


def test_steps_and_evaluations_are_separated() -> None:
    rows = [{"step": 1, "loss": 3.0}, _evaluation(1, 2.5), {"step": 2, "loss": 2.0}]
    curve = Curve(rows)
    assert curve.steps == [rows[0], rows[2]]
    assert curve.evaluations == [rows[1]]
    assert curve.best == 2.5
    assert Curve(rows[:1]).best == math.inf


def test_patience_ends_after_evaluations_without_improvement() -> None:
    def is_over(losses: list[float], patience: int) -> bool:
        rows = [_evaluation(step, loss) for step, loss in enumerate(losses)]
        return Curve(rows).is_out_of_patience(patience)

    assert not is_over([2, 1], 1)
    assert is_over([1, 2], 1)
    assert is_over([1, 1], 1)
    assert not is_over([1, 2], 2)
    assert is_over([1, 2, 1.5], 2)
    assert not is_over([1, 2, 0.5], 2)


@given(losses=st.lists(st.floats(0, 10), max_size=12), patience=st.integers(1, 5))
def test_a_new_best_restores_patience(losses: list[float], patience: int) -> None:
    rows = [_evaluation(step, loss) for step, loss in enumerate([*losses, -1.0])]
    assert not Curve(rows).is_out_of_patience(patience)
