"""Benchmarks: queries and judgments."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from corpus_tuner.core.records import BadRecord
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.benchmarks.ir_datasets_source import load_catalogue_benchmark

QUERIES = '{"_id": "1", "text": "mill"}\n{"_id": 2, "text": "rent"}\n{"_id": "3", "text": "-"}\n'


def make(folder: Path, qrels: str) -> Path:
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    (folder / "queries.jsonl.gz").write_bytes(gzip.compress(QUERIES.encode()))
    return folder


@pytest.mark.parametrize(
    "qrels",
    [
        "query-id\tcorpus-id\tscore\n1\ta\t2\n2\tb\t1\n",
        "1\ta\t2\n2\tb\t1\n",
        "1 0 a 2\r\n2 0 b 1\r\n",
    ],
)
def test_only_judged_queries(tmp_path: Path, qrels: str) -> None:
    benchmark = load_benchmark(make(tmp_path, qrels), name="made")
    assert benchmark.queries == {"1": "mill", "2": "rent"}
    assert benchmark.qrels == {"1": {"a": 2}, "2": {"b": 1}}
    assert (benchmark.name, benchmark.corpus, benchmark.unjudged) == ("made", "", ("3",))
    (tmp_path / "corpus.jsonl").touch()
    assert load_benchmark(tmp_path).corpus == str(tmp_path)


def test_bad_records_can_be_left_out(tmp_path: Path) -> None:
    rejected: list[BadRecord] = []
    folder = make(tmp_path, "1\ta\t2\n9\tb\t1\n1\tc\n")
    benchmark = load_benchmark(folder, reject=rejected.append)
    assert benchmark.qrels == {"1": {"a": 2}}
    assert [bad.reason for bad in rejected] == [
        "not three columns: query, document, score",
        "a judged query is missing",
    ]


def test_what_leaves_nothing_judged_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path, "7\ta\t2\n8\tb\tx\n")
    with pytest.raises(EvaluationError) as caught:
        load_benchmark(folder, reject=lambda _: None)
    for part in ("test.tsv:2, field 'score'", "a judged query is missing: 1", "'7'"):
        assert part in str(caught.value)


def test_other_splits(tmp_path: Path) -> None:
    folder = make(tmp_path, "1\ta\t1\n")
    (folder / "qrels" / "dev.tsv").write_text("2\ta\t1\n", encoding="utf-8")
    assert load_benchmark(folder, "dev").qrels == {"2": {"a": 1}}
    with pytest.raises(EvaluationError, match=r"no qrels/train\.tsv"):
        load_benchmark(folder, "train")


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
    benchmark = load_catalogue_benchmark("made/here")
    assert (benchmark.queries, benchmark.unjudged) == ({"1": "mill"}, ("2",))
    assert benchmark.qrels == {"1": {"a": 1}}
    assert (benchmark.name, benchmark.corpus) == ("made-here", "ir_datasets:made/here")
    with pytest.raises(EvaluationError, match="no queries and judgments"):
        load_catalogue_benchmark("made/nowhere")
    monkeypatch.setitem(__import__("sys").modules, "ir_datasets", None)
    with pytest.raises(EvaluationError, match=r"pip install .*\[ir-datasets\]'"):
        load_catalogue_benchmark("made/here")
