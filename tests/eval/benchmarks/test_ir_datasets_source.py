"""Benchmarks of ir_datasets."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from corpus_tuner.errors import EvaluationError, OutOfReachError
from corpus_tuner.eval.benchmarks.ir_datasets_source import load_ir_dataset
from corpus_tuner.eval.benchmarks.registry import load_registry
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.trec.benchmark import Benchmark


def test_a_dataset_of_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    import ir_datasets

    class Query(NamedTuple):
        query_id: str
        text: str

        def default_text(self) -> str:
            return self.text

    class Judgment(NamedTuple):
        query_id: str
        doc_id: str
        relevance: int

    class Made:
        def queries_iter(self) -> Iterator[Query]:
            yield Query("1", "mill")
            yield Query("2", "not judged")

        def qrels_iter(self) -> Iterator[Judgment]:
            yield Judgment("1", "a", 1)
            yield Judgment("9", "a", 1)

    monkeypatch.setitem(ir_datasets.registry._registered, "made/here", Made())
    benchmark = load_ir_dataset("made/here")
    assert (benchmark.queries, benchmark.unjudged) == ({"1": "mill"}, ("2",))
    assert benchmark.qrels == {"1": {"a": 1}}
    assert (benchmark.name, benchmark.corpus) == ("made-here", "ir_datasets:made/here")
    with pytest.raises(EvaluationError, match="no queries and judgments"):
        load_ir_dataset("made/nowhere")
    monkeypatch.setitem(__import__("sys").modules, "ir_datasets", None)
    with pytest.raises(EvaluationError, match=r"pip install .*\[ir-datasets\]'"):
        load_ir_dataset("made/here")


def test_the_registry_names_datasets_with_documents_queries_and_judgments() -> None:
    import ir_datasets

    for entry in load_registry().benchmarks.values():
        if entry.ir_datasets:
            dataset = ir_datasets.load(entry.ir_datasets)
            assert dataset.has_docs() and dataset.has_queries() and dataset.has_qrels()


def test_without_a_network_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import requests

    def refuse(**_: object) -> None:
        raise requests.exceptions.ConnectionError("no route to host")

    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CORPUS_TUNER_BENCHMARKS", str(tmp_path))
    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(OutOfReachError) as refused:
        open_benchmarks(["nano-nq"])
    (message,) = str(refused.value).splitlines()
    for text in ("ir_datasets:nano-beir/nq: no answer", "put it there in BEIR layout"):
        assert text in message
    assert "nano-nq" not in capfd.readouterr().err


def test_other_splits_of_a_known_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUS_TUNER_BENCHMARKS", str(tmp_path))
    ids: list[str] = []

    def load(id_: str, *, name: str) -> Benchmark:
        ids.append(id_)
        return Benchmark(name, "", {"1": "mill"}, {"1": {"a": 1}})

    monkeypatch.setattr("corpus_tuner.eval.open_benchmark.load_ir_dataset", load)
    open_benchmarks(["nfcorpus"])
    open_benchmarks(["nfcorpus"], "dev")
    assert ids == ["beir/nfcorpus/test", "beir/nfcorpus/dev"]
