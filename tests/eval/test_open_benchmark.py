"""Benchmarks that are known by name."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.eval.open_benchmark import open_benchmarks
from tests.conftest import Outcome, make_documents, write_jsonl
from tests.eval.made_benchmark import make_benchmark

Run = Callable[..., Outcome]


def test_the_list_of_benchmarks(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scifact").mkdir()
    monkeypatch.setenv("CORPUS_TUNER_BENCHMARKS", str(tmp_path))
    outcome = run("eval", "--list")
    assert outcome.code == 0
    assert re.search(r"scifact +5,183 +here", outcome.out)
    known = json.loads(run("eval", "--list", "--json").out)
    assert known["benchmarks"]["scifact"]["documents"] == 5183
    assert known["suites"]["quick"] == ["sample-en", "sample-de"]
    outcome = run("eval", "no-such", "-o", tmp_path / "out")
    assert (outcome.code, "eval --list" in outcome.err) == (2, True)


BENCHMARKS: dict[str, tuple[dict[str, str], str]] = {
    "two columns": ({"qrels/test.tsv": "q\td\n"}, "not three columns"),
    "grade is a word": ({"qrels/test.tsv": "q\td\t1\nq\te\tgood\n"}, "not a whole number"),
    "judged twice": ({"qrels/test.tsv": "q\td\t1\nq\td\t2\n"}, "judged otherwise above"),
    "unknown query": ({"qrels/test.tsv": "q\td\t1\nr\td\t1\n"}, "a judged query is missing"),
    "query is empty": ({"queries.jsonl": '{"_id": "q", "text": ""}\n'}, "missing or empty"),
    "query twice": ({"queries.jsonl": '{"_id": "q", "text": "x"}\n' * 2}, "duplicate id"),
    "query without id": ({"queries.jsonl": '{"text": "x"}\n'}, "_id"),
    "broken queries": ({"queries.jsonl": "{\n"}, "broken JSON"),
    "nothing judged": ({"qrels/test.tsv": "query-id\tcorpus-id\tscore\n"}, "has no judgments"),
}


@pytest.mark.parametrize("kind", BENCHMARKS)
def test_bad_benchmarks(kind: str, tmp_path: Path, run: Run, small: list[str]) -> None:
    files, said = BENCHMARKS[kind]
    write_jsonl(tmp_path / "corpus.jsonl", make_documents(3))
    (tmp_path / "qrels").mkdir()
    usual = {"qrels/test.tsv": "q\td0\t1\n", "queries.jsonl": '{"_id": "q", "text": "x"}\n'}
    for name, text in (usual | files).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    strict = ("--set", "corpus.on_bad_record=fail")
    failed = run("eval", tmp_path, "-o", tmp_path / "out", *strict, *small)
    assert failed.code == 2, failed
    assert said in failed.err
    assert "Traceback" not in failed.err


@pytest.mark.parametrize("kind", [str, Path, lambda path: [str(path)], lambda path: [path]])
def test_one_benchmark_or_several(kind: Callable[[Path], Any], tmp_path: Path) -> None:
    (opened,) = open_benchmarks(kind(make_benchmark(tmp_path / "one")))
    assert opened.name == "one"
