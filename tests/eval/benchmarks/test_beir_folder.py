"""Benchmarks: queries and judgments."""

import gzip
from pathlib import Path

import pytest

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark

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
    folder = make(tmp_path, "1\ta\t2\n9\tb\t1\n1\tc\n")
    benchmark = load_benchmark(folder, skip_bad_records=True)
    assert benchmark.qrels == {"1": {"a": 2}}
    assert [bad.reason for bad in benchmark.rejected] == [
        "not three columns: query, document, score",
        "a judged query is missing",
    ]


def test_what_leaves_nothing_judged_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path, "7\ta\t2\n8\tb\tx\n")
    with pytest.raises(EvaluationError) as caught:
        load_benchmark(folder, skip_bad_records=True)
    for part in ("test.tsv:2, field 'score'", "a judged query is missing: 1", "'7'"):
        assert part in str(caught.value)


def test_other_splits(tmp_path: Path) -> None:
    folder = make(tmp_path, "1\ta\t1\n")
    (folder / "qrels" / "dev.tsv").write_text("2\ta\t1\n", encoding="utf-8")
    assert load_benchmark(folder, "dev").qrels == {"2": {"a": 1}}
    with pytest.raises(EvaluationError, match=r"no qrels/train\.tsv"):
        load_benchmark(folder, "train")
