"""Comparison of TREC runs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import Outcome

Run = Callable[..., Outcome]


def test_runs_from_anywhere_are_compared(tmp_path: Path, run: Run) -> None:
    qrels = "".join(f"q{n} 0 d{n} 1\n" for n in range(20))
    (tmp_path / "made.qrels").write_text(qrels, encoding="utf-8")
    good = "".join(f"q{n} Q0 d{n} 1 2.0 good\nq{n} Q0 x 2 1.0 good\n" for n in range(20))
    bad = "".join(f"q{n} Q0 x 1 2.0 bad\nq{n} Q0 d{n} 2 1.0 bad\n" for n in range(20))
    (tmp_path / "good.trec").write_text(good, encoding="utf-8")
    (tmp_path / "bad.trec").write_text(bad, encoding="utf-8")
    files = (tmp_path / "bad.trec", f"better={tmp_path / 'good.trec'}")
    options = ("--qrels", tmp_path / "made.qrels", "-o", tmp_path / "out", "--measure", "RR@10")
    outcome = run("compare", *files, *options)
    assert outcome.code == 0, outcome.err
    assert re.search(r"better +100\.0 \+50\.0", outcome.out)
    assert "< 0.001" in outcome.out
    assert "better" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    shown: dict[str, Any] = json.loads(run("compare", *files, *options, "--json").out)
    (compared,) = shown["comparisons"]
    assert (compared["wins"], compared["difference"]) == (20, 0.5)

    for arguments, message in [
        ((files[0], files[0], *options), "of different names"),
        ((*files, "-o", tmp_path / "out"), "either a benchmark or a file of qrels"),
        ((files[0], tmp_path / "made.qrels", *options), "made.qrels:1: not a TREC run"),
    ]:
        outcome = run("compare", *arguments)
        assert outcome.code == 2
        assert message in " ".join(outcome.err.split())
