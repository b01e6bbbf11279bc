"""The encoder alone on a public collection, against its published figures."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

SCIFACT = Path(__file__).parents[2] / "shared" / "data" / "scifact"


@pytest.mark.slow
@pytest.mark.skipif(not SCIFACT.is_dir(), reason="the collection is not part of the project")
def test_scifact(tmp_path: Path, run: Callable[..., Outcome]) -> None:
    options = ("--set", "generator=null", "--set", "representation.name=passage")
    own = ("--set", "views.sentences=0", "--set", "views.title=false", "--set", "language=en")
    exact = ("--set", "encoder.dtype=float32")  # as the published figures were measured
    alone = ("--set", "baselines=[]", "--set", "calibrate=false")
    assert run("eval", SCIFACT, "--output", tmp_path, *options, *own, *alone, *exact).code == 0
    rows = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    measured = {row["system"]: row for row in rows}
    systems = ["bm25", "ngrams", "passage", "hybrid", "oracle", "oracle-all"]
    assert list(measured) == systems
    assert measured["bm25"]["measures"]["nDCG@10"] == pytest.approx(0.676, abs=0.003)
    row = measured["passage"]
    assert row["measures"]["nDCG@10"] == pytest.approx(0.645, abs=0.002)
    assert row["measures"]["MRR@100"] == pytest.approx(0.611, abs=0.002)
    assert row["measures"]["Recall@100"] == pytest.approx(0.925, abs=0.002)
