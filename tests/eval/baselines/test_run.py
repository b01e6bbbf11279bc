"""TREC runs as baselines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome
from tests.eval.made_benchmark import make_benchmark

Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ("fame:x", "no baseline is called 'fame'"),
        ("run", "needs a file"),
        ("encoder", "needs a model"),
        ("run:nowhere.trec", "cannot read nowhere.trec"),
    ],
)
def test_baselines_that_cannot_be(
    tmp_path: Path, run: Run, small: list[str], baseline: str, message: str
) -> None:
    folder = make_benchmark(tmp_path / "one")
    outcome = run("eval", folder, "-o", tmp_path / "out", "--baseline", baseline, *small)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
