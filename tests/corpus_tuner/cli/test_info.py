"""``corpus-tuner info``."""

import json
from pathlib import Path

from tests.corpus_tuner.cli.conftest import Run


def test_info(index: Path, run: Run) -> None:
    shown = run("info", index, "--verify")
    assert shown.code == 0
    for part in ("6 in 1 segment", "checksums right", "passage views", "representation mean"):
        assert part in shown.out
    assert "dense weights" in shown.out
    assert "views 0.4, words 0.4 (zscore over 100 documents)" in shown.out
    manifest = json.loads(run("info", index, "--json").out)
    assert manifest["format"] == "corpus-tuner-index"
    assert manifest["segments"][0]["documents"] == 6
    assert manifest["build"]["counts"]["long_documents"] > 0
