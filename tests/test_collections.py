"""The encoder alone on a public collection, against its published figures."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

SCIFACT = Path(__file__).parents[2] / "shared" / "data" / "scifact"


@pytest.mark.skipif(not SCIFACT.is_dir(), reason="the collection is not part of the project")
def test_scifact(tmp_path: Path, run: Callable[..., Outcome]) -> None:
    options = ("--set", "generator=null", "--set", "representation.name=passage")
    own = ("--set", "views.sentences=0", "--set", "views.title=false", "--set", "language=en")
    assert run("eval", SCIFACT, "--output", tmp_path, *options, *own).code == 0
    (row,) = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert row["measures"]["nDCG@10"] == pytest.approx(0.645, abs=0.002)
    assert row["measures"]["MRR@100"] == pytest.approx(0.611, abs=0.002)
    assert row["measures"]["Recall@100"] == pytest.approx(0.925, abs=0.002)
