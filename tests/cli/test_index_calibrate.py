"""``corpus-tuner index calibrate``."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import make_documents_with_topics, write_jsonl


@pytest.mark.slow
def test_calibrate(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents_with_topics(60))
    options = ("-o", tmp_path / "i", "--set", "calibrate=false", *small)
    assert run("build", corpus, *options).code == 0
    before = json.loads(run("info", tmp_path / "i", "--json").out)
    assert before["calibration"] is None

    shown = run("index", "calibrate", tmp_path / "i")
    assert shown.code == 0, shown.err
    assert "maximum likelihood" in shown.out
    after = json.loads(run("info", tmp_path / "i", "--json").out)
    assert after["search"]["hybrid"] == after["calibration"]["chosen"]
    assert "pseudo-queries" in run("info", tmp_path / "i").out
    assert run("index", "calibrate", tmp_path / "i").out == shown.out
    assert run("index", "calibrate", tmp_path / "nowhere").code == 2
