"""A run is made once for the same things."""

from pathlib import Path

import pytest

from corpus_tuner.eval.cached_runs import kept_run
from corpus_tuner.eval.trec.runs import Run

RUN: Run = {"q": [("q", 3.0), ("b", 2.0)]}


def test_a_run_is_made_again_when_what_decided_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.bm25.trec"
    steps: list[str] = []

    def make() -> Run:
        steps.append("made")
        return RUN

    def run(*decides: object, remove_self: bool = False) -> Run:
        kept = kept_run(
            path, decides, make, lambda: steps.append("prepared"), remove_self=remove_self
        )
        assert kept.seconds >= 0
        return kept.run

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

    kept_run(path, (1,), lambda: RUN, lambda: None, remove_self=False)
    with pytest.raises(KeyboardInterrupt):
        kept_run(path, (2,), fail, lambda: None, remove_self=False)
    assert kept_run(path, (1,), fail, lambda: None, remove_self=False).run == RUN
