"""``corpus-tuner judge``: the page in a process that is killed, its files, and a real browser."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import read_queries
from tests.cli.conftest import Run

pytest.importorskip("fastapi")


@contextmanager
def judging(*arguments: object) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Yield the address of the page, and its process."""
    command = [sys.executable, "-m", "corpus_tuner", "judge", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = process.stdout.readline()
    try:
        yield said.split()[0], process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ask(address: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def grade(home: str, turn: Any, value: int) -> Any:
    item = turn["item"]
    body = {"query": item["query"], "document": item["document"], "grade": value}
    return ask(f"{home}/grades", body)


@pytest.mark.slow
def test_a_killed_page_continues_and_its_qrels_are_evaluated(
    index: Path, files: dict[str, Path], tmp_path: Path, run: Run
) -> None:
    database, qrels = tmp_path / "j.sqlite", tmp_path / "made.qrels"
    options = (index, "--queries", files["q.tsv"], "--judgments", database, "-o", qrels)
    with judging(*options) as (home, process):
        turn = ask(f"{home}/next")
        total = turn["progress"]["documents"]
        first = turn["item"]
        turn = grade(home, turn, 3)
        process.kill()
    assert read_qrels(qrels) == {first["query"]: {first["document"]: 3}}
    with judging(*options) as (home, process):
        turn = ask(f"{home}/next")
        assert turn["progress"]["graded"] == 1
        asked = []
        while turn["item"]:
            asked.append((turn["item"]["query"], turn["item"]["document"]))
            turn = grade(home, turn, 0)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert (first["query"], first["document"]) not in asked
    assert len(asked) == total - 1 == sum(map(len, read_qrels(qrels).values())) - 1
    said = run("judge", *options, "--report", "--json")
    report = json.loads(said.out)
    assert report["judged"] == 2
    assert "2 of 2 queries are judged completely" in run("judge", *options, "--report").out
    # The queries and judgments are what `eval` takes.
    done = run(
        *("eval", "--index", index, "--queries", files["q.tsv"], "--qrels", qrels),
        *("-o", tmp_path / "results", "--json"),
    )
    assert done.code == 0
    results = {own["system"]: own["measures"] for own in json.loads(done.out)}
    (hybrid,) = (own for own in report["systems"] if own["system"] == "hybrid")
    assert results["hybrid"]["nDCG@10"] == pytest.approx(hybrid["measures"]["nDCG@10"]["mean"])


@pytest.mark.slow
def test_without_queries_those_of_the_page_are_used_again(index: Path, tmp_path: Path) -> None:
    qrels = tmp_path / "made.qrels"
    options = (index, "--judgments", tmp_path / "j.sqlite", "-o", qrels)
    with judging(*options) as (home, _):
        assert ask(f"{home}/proposals")
        turn = ask(f"{home}/queries", {"texts": ["mill by the river"]})
        grade(home, turn, 1)
    with judging(*options) as (home, _):
        assert ask(f"{home}/next")["progress"]["graded"] == 1
    queries = read_queries(tmp_path / "made.qrels.queries.tsv")
    assert list(queries.values()) == ["mill by the river"]
    assert read_qrels(qrels).keys() == queries.keys()


def test_bad_usage(index: Path, files: dict[str, Path], tmp_path: Path, run: Run) -> None:
    options = (index, "--queries", files["q.tsv"], "--judgments", tmp_path / "j", "--report")
    for more, said in (
        (("--llm", "http://localhost:1/v1"), "--llm and --model go together"),
        (("--judge", "llm:x"), "those of models"),
        (("--run", tmp_path / "no.trec"), "no.trec"),
        (("--run", f"dense={index}"), "two systems are called 'dense'"),
    ):
        outcome = run("judge", *options, *more)
        assert outcome.code == 2 and said in outcome.err
