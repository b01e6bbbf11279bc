"""``corpus-tuner info``."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_info(index: Path, run: Run) -> None:
    shown = run("info", index)
    assert shown.code == 0
    for part in ("6 in 1 segment", "passage views", "representation mean"):
        assert part in shown.out
    assert "dense weights" in shown.out
    assert "views 0.26, words 0.22, ngrams 0.17," in shown.out
    assert "(BM25, k1 1.2, b 0.75)" in shown.out
    manifest = json.loads(run("info", index, "--json").out)
    assert manifest["format"] == "corpus-tuner-index"
    assert manifest["segments"][0]["documents"] == 6
    assert manifest["segments"][0]["counts"]["split_documents"] > 0


def test_a_broken_manifest(index: Path, run: Run) -> None:
    (index / "manifest.json").write_text("{", encoding="utf-8")
    failed = run("info", index)
    assert failed.code == 2
    assert "damaged" in failed.err
