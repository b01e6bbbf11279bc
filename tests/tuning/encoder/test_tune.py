"""Tuning an encoder, with a small real one: the result, its use by a build, and refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_documents_with_topics, write_jsonl


@pytest.mark.slow
def test_it_leaves_an_encoder_and_says_whether_it_is_better(
    tune: Callable[..., Any], run: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tuned"
    done = tune(output, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["steps"] == 6
    assert report["documents"] == 45
    verdict = report["verdict"]
    assert set(verdict["by_share"]) == {"0.0", "0.25", "0.5", "0.75", "1.0"}
    assert report["weighed"]
    assert all(0 <= mean <= 1 for mean in verdict["dense"])
    chosen = verdict["by_share"][str(verdict["share"])]
    assert verdict["better"] == (verdict["interval"][0] > 0 and chosen > verdict["base"])
    curve = [json.loads(line) for line in (output / "curve.jsonl").read_text().splitlines()]
    assert [row["step"] for row in curve if "loss" in row] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in curve if "eval_ndcg" in row] == [2, 4, 6]
    card = (output / "README.md").read_text(encoding="utf-8")
    assert "c.jsonl" in card
    assert f"{100 * verdict['gain']:+.1f}" in card
    assert not list(output.glob("*.bin"))
    index = tmp_path / "index"
    options = ("--encoder", output, "--set", "generator=null", "--set", "language=en")
    assert run("build", corpus, "-o", index, *options).code == 0
    assert json.loads(run("info", index, "--json").out)["encoder"]["settings"]["name"] == str(
        output
    )
    again = tune(output)  # is done: nothing is trained
    assert again.code == 0
    assert "by 30 queries of held-out documents" in " ".join(again.out.split())
    other = tune(output, seed=1)
    assert other.code == 2
    assert "has another tuning" in other.err


@pytest.mark.slow
@pytest.mark.parametrize("better", [True, False])
def test_a_build_takes_the_tuned_encoder_if_it_is_better(
    tune: Callable[..., Any], run: Callable[..., Any], corpus: Path, tmp_path: Path, better: bool
) -> None:
    tuned = tmp_path / "index.encoder"
    assert tune(tuned).code == 0
    report = json.loads((tuned / "tuning.json").read_text(encoding="utf-8"))
    report["verdict"]["better"] = better
    (tuned / "tuning.json").write_text(json.dumps(report), encoding="utf-8")
    options = ("--set", "generator=null", "--set", "language=en", "--set", "calibrate=false")
    index = tmp_path / "index"
    command = ("build", corpus, "-o", index, "--encoder", report["base"], *options)
    done = run(*command, "--tune-encoder")
    assert done.code == 0, done.err
    assert ("is better than" in done.err) == better
    said = json.loads(run("info", tmp_path / "index", "--json").out)
    assert said["encoder"]["settings"]["name"] == (str(tuned) if better else report["base"])
    assert said["build"]["encoder_tuning"] == (report["verdict"] if better else None)
    other = run(*command, "--tune-encoder", "--encoder", "multilingual")
    assert other.code == 2
    assert "and not from 'multilingual'" in " ".join(other.err.split())


def test_what_cannot_be_tuned_is_refused(
    tune: Callable[..., Any], run: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    few = write_jsonl(tmp_path / "few.jsonl", make_documents_with_topics(9))
    outcome = run("tune", "encoder", few, "-o", tmp_path / "tuned")
    assert outcome.code == 2
    assert "too few documents to tune on: 9, at least 50 are needed" in outcome.err
    assert not (tmp_path / "tuned").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine", encoding="utf-8")
    outcome = tune(tmp_path / "mine")
    assert outcome.code == 2
    assert "has other contents than a tuning" in " ".join(outcome.err.split())
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["README.md"]
    outcome = tune(few)
    assert outcome.code == 2
    assert "is a file" in outcome.err
