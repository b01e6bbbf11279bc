"""What is compared in an ablation, and that its scores are those of an index."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_documents, write_jsonl


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    documents = make_documents(24)
    write_jsonl(folder / "corpus.jsonl", documents)
    queries = [
        {"_id": f"q{place}", "text": " ".join(documents[place]["text"].split()[:5])}
        for place in range(8)
    ]
    write_jsonl(folder / "queries.jsonl", queries)
    judged = [f"q{place}\t{documents[place]['_id']}\t1" for place in range(8)]
    told = "\n".join(["query-id\tcorpus-id\tscore", *judged])
    (folder / "qrels" / "test.tsv").write_text(f"{told}\n", encoding="utf-8")
    return folder


def test_ablation(
    benchmark: Path, encoder_folder: Path, t5_folder: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    recipe = [
        *("--set", f"encoder.name={encoder_folder}", "--set", "encoder.dtype=float32"),
        *("--set", "language=en", "--set", "calibrate=false", "--set", "documents_at_once=10"),
        *("--set", "generator.name=seq2seq", "--set", f"generator.model={t5_folder}"),
        *("--set", "generator.outputs=2", "--set", "generator.max_new_tokens=6"),
        *("--set", "checks=[duplicate, {name: relevance, quantile: 0.5}]"),
        *("--set", "tuning.steps=2", "--set", "tuning.evaluate_every=2"),
        *("--set", "tuning.batch_size=4", "--set", "tuning.max_target_tokens=8"),
        *("--set", "representation.storage=float32"),
    ]
    command = ["eval", benchmark, "--ablate", "-o", tmp_path / "results", *recipe, "--json"]
    done = run(*command)
    assert done.code == 0, done.err
    found = {each["system"]: each["measures"] for each in json.loads(done.out)}
    for name in ("mean", "views"):
        for parts in (
            *("own", "own, extractive", "own, generated", "own, generated, checked"),
            *("own, generated, checked but for duplicate", "own, tuned", "own, tuned, checked"),
            *("only title", "only sentence", "only keywords, extractive"),
            *("only question, generated, checked", "only keywords, tuned, checked"),
        ):
            assert f"{name}: {parts}" in found
    # The same systems, by an index that holds just these views.
    extractive = [each for each in recipe[:10] if each != "--set"]
    options = [part for each in extractive for part in ("--set", each)]
    plain = [
        "--set",
        "generator=extractive",
        "--set",
        "lexical=null",
        "--set",
        "representation.storage=float32",
    ]
    done = run("eval", benchmark, "-o", tmp_path / "plain", *options, *plain, "--json")
    assert done.code == 0, done.err
    indexed = {each["system"]: each["measures"] for each in json.loads(done.out)}
    for name, indexed_as in (("passage", "passage"), ("mean: own, extractive", "mean")):
        assert found[name] == pytest.approx(indexed[indexed_as])
    assert found["views: own, extractive"] == pytest.approx(indexed["views"])

    told = (tmp_path / "results" / "ablation.md").read_text(encoding="utf-8").splitlines()
    assert told[0] == "| system | tiny |" and len(told) == 2 + len(found)

    # A killed ablation goes on: what is left of it is not made again.
    folder = tmp_path / "results" / "ablation" / "tiny"
    kept = sorted(folder.glob("*.npz"))
    assert len(kept) == 3
    before = kept[0].stat().st_mtime_ns
    kept[2].unlink()
    assert json.loads(run(*command).out) == json.loads(json.dumps(json.loads(run(*command).out)))
    assert kept[0].stat().st_mtime_ns == before and kept[2].exists()
    shutil.rmtree(folder)
    again = {each["system"]: each["measures"] for each in json.loads(run(*command).out)}
    assert again == found


def test_there_must_be_something_to_ablate(
    benchmark: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    for generator in ("null", "extractive"):
        command = ["eval", benchmark, "--ablate", "-o", tmp_path / "results"]
        done = run(*command, "--set", f"generator={generator}")
        assert done.code == 2
        assert "ablate" in done.err
