"""TREC runs as baselines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.eval.baselines import BaselineInput, open_baseline
from corpus_tuner.eval.trec.benchmark import Benchmark
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


def test_a_run_is_that_of_the_benchmark_cut_to_the_depth(tmp_path: Path) -> None:
    for name in ("one", "two"):
        lines = "".join(f"q Q0 {name}{rank} {rank} {9 - rank} x\n" for rank in range(1, 5))
        (tmp_path / f"{name}.best.trec").write_text(lines, encoding="utf-8")
    baseline = open_baseline(f"run:{tmp_path}/{{benchmark}}.best.trec")
    assert baseline.name == "best"
    for name in ("one", "two"):
        benchmark = Benchmark(name, "", {"q": "mill"}, {})
        run = baseline.run(BaselineInput(benchmark, CorpusSettings(), "en", 2, tmp_path))
        assert run == {"q": [(f"{name}1", 8.0), (f"{name}2", 7.0)]}


def test_a_run_is_identified_by_its_contents(tmp_path: Path) -> None:
    file = tmp_path / "best.trec"

    def identify(text: str) -> str:
        file.write_text(text, encoding="utf-8")
        return open_baseline(f"run:{file}").identity("one")

    first = identify("q Q0 a 1 1.0 x\n")
    assert identify("q Q0 a 1 1.0 another\n") == first
    assert identify("q Q0 b 1 1.0 x\n") != first
