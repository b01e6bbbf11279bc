"""``corpus-tuner index calibrate``."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import Rerankers, make_documents_with_topics, write_jsonl


@pytest.mark.slow
def test_calibrate(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents_with_topics(60))
    options = ("-o", tmp_path / "i", "--set", "calibrate=false", *small)
    assert run("build", corpus, *options).code == 0
    before = json.loads(run("info", tmp_path / "i", "--json").out)
    assert before["calibration"] is None

    shown = run("index", "calibrate", tmp_path / "i")
    assert shown.code == 0, shown.err
    assert "maximum likelihood" in shown.out
    after = json.loads(run("info", tmp_path / "i", "--json").out)
    assert after["search"]["hybrid"] == after["calibration"]["chosen"]
    assert "pseudo-queries" in run("info", tmp_path / "i").out
    assert run("index", "calibrate", tmp_path / "i").out == shown.out
    assert run("index", "calibrate", tmp_path / "nowhere").code == 2


@pytest.mark.slow
def test_calibrate_tries_a_reranker(tmp_path: Path, run: Run, rerankers: Rerankers) -> None:
    index = shutil.copytree(rerankers.built, tmp_path / "i")
    shown = run("index", "calibrate", index, "--set", f"search.reranker={rerankers.trained}")
    assert shown.code == 0, shown.err
    assert re.search(r"the reranker gains [2-5]\d\.\d nDCG@10", shown.out)
    assert re.search(r"^reranker +\d\.\d\d", shown.out, re.M)
    info = json.loads(run("info", index, "--json").out)
    assert info["search"]["reranker"]["name"] == str(rerankers.trained)
    weight = info["search"]["hybrid"]["reranker"]
    assert weight > 0

    again = run("index", "calibrate", index)  # with the reranker that is set
    assert again.out == shown.out
    random = run("index", "calibrate", index, "--set", f"search.reranker={rerankers.random}")
    assert "it does not pay, and has no weight" in " ".join(random.out.split())
    assert run("index", "calibrate", index, "--set", "search.reranker=null").code == 0
    assert not re.search(r"^ *reranker", run("info", index).out, re.M)

    wrong = run("index", "calibrate", index, "--set", "views.sentences=3")
    assert wrong.code == 2
    assert "only settings of search can be changed without a build" in " ".join(wrong.err.split())
    missing = run("index", "calibrate", index, "--set", "search.reranker=no/model")
    assert missing.code == 2
    assert "cannot load the reranker 'no/model'" in " ".join(missing.err.split())


def test_calibrate_by_judgments_needs_both_files(tmp_path: Path, run: Run) -> None:
    outcome = run("index", "calibrate", tmp_path, "--qrels", tmp_path / "q")
    assert outcome.code == 2 and "--queries and --qrels go together" in outcome.err
