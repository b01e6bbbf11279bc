"""``corpus-tuner quickstart``, by all the defaults."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_quickstart(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "corpus_tuner", "quickstart", "--output", str(tmp_path / "q")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "q" / "metrics.json").read_text(encoding="utf-8"))
    reached = {(row["language"], row["system"]): row["measures"]["nDCG@10"] for row in rows}
    assert reached["en", "views"] > reached["en", "passage"] > 0.6
    # In German, which the encoder does not read, too little weight for the words is found:
    # calibrated stays below BM25 on these 120 documents, though far above the encoder alone.
    for language, less in (("en", 0.003), ("de", 0.03)):
        single = max(reached[language, system] for system in ("bm25", "passage", "views"))
        assert reached[language, "calibrated"] > single - less
        assert reached[language, "calibrated"] > reached[language, "passage"]
    words = {
        row["language"]: row["weights"]["words"] for row in rows if row["system"] == "calibrated"
    }
    assert words["de"] > words["en"]  # the embedded encoder reads English
    assert "the encoder alone has the first of these at rank" in done.stdout
    assert "Ear" in done.stdout
