"""Runs are cached by their inputs."""

from pathlib import Path

import pytest

from corpus_tuner.eval.run_systems import run_cached
from corpus_tuner.eval.trec.runs import Run

RUN: Run = {"q": [("q", 3.0), ("b", 2.0)]}


def test_a_run_is_made_again_when_its_inputs_change(tmp_path: Path) -> None:
    path = tmp_path / "tiny.bm25.trec"
    steps: list[str] = []

    def make() -> Run:
        steps.append("made")
        return RUN

    def run(*inputs: object, remove_self: bool = False) -> Run:
        cached, seconds = run_cached(
            path, inputs, make, lambda: steps.append("prepared"), remove_self=remove_self
        )
        assert seconds >= 0
        return cached

    assert run(1) == run(1) == RUN
    assert steps == ["prepared", "made"]
    assert run(2) == RUN
    assert steps == ["prepared", "made"] * 2
    assert run(2, remove_self=True) == {"q": [("b", 2.0)]}
    assert len(steps) == 6
    assert path.read_text(encoding="utf-8") == "q Q0 b 1 2.0 bm25\n"


def test_a_run_that_was_not_finished_is_made(tmp_path: Path) -> None:
    path = tmp_path / "tiny.bm25.trec"

    def fail() -> Run:
        raise KeyboardInterrupt

    run_cached(path, (1,), lambda: RUN)
    with pytest.raises(KeyboardInterrupt):
        run_cached(path, (2,), fail)
    assert run_cached(path, (1,), fail)[0] == RUN
