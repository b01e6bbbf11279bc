"""Public collections: the figures of the README, and the published ones of the encoder."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome, only_nightly

COLLECTIONS = Path(__file__).parents[2] / "shared" / "data"
SCIFACT = COLLECTIONS / "scifact"
FAQ = COLLECTIONS / "covid-faq-en"


@pytest.mark.slow
@pytest.mark.skipif(not FAQ.is_dir(), reason="the collection is not part of the project")
@only_nightly()
def test_hybrid_search_has_the_figure_of_the_readme(
    tmp_path: Path, run: Callable[..., Outcome]
) -> None:
    assert run("eval", FAQ, "--output", tmp_path, "--set", "baselines=[]").code == 0
    rows = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    measured = {row["system"]: row["measures"]["nDCG@10"] for row in rows}
    assert measured["hybrid"] == pytest.approx(0.743, abs=0.003)


@pytest.mark.slow
@pytest.mark.skipif(not SCIFACT.is_dir(), reason="the collection is not part of the project")
@only_nightly()
def test_the_encoder_has_its_published_figures(tmp_path: Path, run: Callable[..., Outcome]) -> None:
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
