"""Encoders as baselines."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome
from tests.eval.made_benchmark import make_benchmark

Run = Callable[..., Outcome]


def test_baselines_stand_in_the_same_table(
    tmp_path: Path, run: Run, small: list[str], other_encoder_folder: Path
) -> None:
    folder = make_benchmark(tmp_path / "one")
    documents = [json.loads(line)["_id"] for line in (folder / "corpus.jsonl").open()]
    perfect = "".join(f"q{n} Q0 {documents[n]} 1 1.0 x\n" for n in range(11))  # nothing for q11
    (tmp_path / "one.best.trec").write_text(perfect + "q99 Q0 x 1 1.0 x\n", encoding="utf-8")
    out = tmp_path / "out"
    others = [
        *("--baseline", f"run:{tmp_path}/{{benchmark}}.best.trec"),
        *("--baseline", f"other=encoder:{other_encoder_folder}"),
    ]
    outcome = run("eval", folder, "-o", out, *others, "--compare-with", "other", *small)
    assert outcome.code == 0, outcome.err
    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    values = {result["system"]: result["measures"]["nDCG@10"] for result in results}
    assert values["best"] == pytest.approx(11 / 12)
    assert 0 < values["other"] < 1
    assert "best found nothing for 1 of 12 judged queries; they count 0" in outcome.out
    assert "1 queries of best are not judged" in outcome.out
    assert "compared with other" in outcome.out
    assert "gains and losses compared with other" in outcome.out
