"""Benchmarks that are known by name."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Outcome

Run = Callable[..., Outcome]


def test_the_list_of_benchmarks(tmp_path: Path, run: Run) -> None:
    (tmp_path / "scifact").mkdir()
    outcome = run("eval", "--list", "--benchmarks", tmp_path)
    assert outcome.code == 0
    assert re.search(r"scifact +5,183 +here", outcome.out)
    known = json.loads(run("eval", "--list", "--json", "--benchmarks", tmp_path).out)
    assert known["benchmarks"]["scifact"]["here"]
    assert not known["benchmarks"]["arguana"]["here"]
    assert known["suites"]["quick"] == ["sample-en", "sample-de"]
    outcome = run("eval", "no-such", "-o", tmp_path / "out")
    assert (outcome.code, "eval --list" in outcome.err) == (2, True)
