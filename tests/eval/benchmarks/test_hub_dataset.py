"""Benchmarks of the Hugging Face hub."""

from pathlib import Path

import pytest

from corpus_tuner.errors import EvaluationError, OutOfReachError
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.benchmarks.hub_dataset import fetch_hub_dataset
from corpus_tuner.eval.benchmarks.registry import HubDataset
from corpus_tuner.eval.open_benchmark import open_benchmarks


def test_a_hub_dataset_becomes_a_beir_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    local = tmp_path / "hub"
    local.mkdir()
    parts = {
        "corpus": [{"_id": 7, "title": "Mills", "text": "A mill grinds."}],
        "queries": [{"id": 1, "text": "what grinds?"}],
        "default": [{"query-id": 1, "corpus-id": 7, "score": 2.0}],
    }
    lines = ["---", "configs:"]
    for name, rows in parts.items():
        datasets.Dataset.from_list(rows).to_parquet(local / f"{name}.parquet")
        split = "test" if name == "default" else name
        files = f"[{{split: {split}, path: {name}.parquet}}]"
        lines += [f"- config_name: {name}", f"  data_files: {files}"]
    (local / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
    source = HubDataset(
        name=str(local),
        corpus=("corpus", "corpus"),
        queries=("queries", "some other split"),
        qrels=("default", "test"),
    )
    (tmp_path / "home").mkdir()
    fetch_hub_dataset(source, "test", tmp_path / "home" / "made")
    made = load_benchmark(tmp_path / "home" / "made")
    assert made.queries == {"1": "what grinds?"}
    assert made.qrels == {"1": {"7": 2}}


def test_a_dataset_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    (tmp_path / "hub").mkdir()
    part = ("a", "b")
    source = HubDataset(name=str(tmp_path / "hub"), corpus=part, queries=part, qrels=part)
    with pytest.raises(EvaluationError, match="hf:"):
        fetch_hub_dataset(source, "test", tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["hub"]


def test_without_a_network_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("CORPUS_TUNER_BENCHMARKS", str(tmp_path))
    with pytest.raises(OutOfReachError) as refused:
        open_benchmarks(["legalquad"])
    (message,) = str(refused.value).splitlines()
    for text in ("hf:mteb/LegalQuAD: no answer", "put it there in BEIR layout"):
        assert text in message
    assert capfd.readouterr().err == ""
