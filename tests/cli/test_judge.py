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

from corpus_tuner import add
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import read_queries
from tests.cli.conftest import Run
from tests.conftest import write_jsonl

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


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 380])
def test_grading_by_keyboard(index: Path, tmp_path: Path, page: Any, width: int) -> None:
    arabic = {"_id": "ar", "title": "صيانة المضخة", "text": "أغلق الصمام ونظّف المضخة."}
    text = f"# Handbook\n\n## Pump\n\n### Cleaning\n\n{'Close the valve of the pump. ' * 200}"
    records = [arabic, {"_id": "h", "title": "Handbook", "text": text}]
    add(index, write_jsonl(tmp_path / "more.jsonl", records))
    (tmp_path / "q.tsv").write_text("rtl\tالمضخة\nltr\tvalve of the pump\n", encoding="utf-8")
    options = (index, "--queries", tmp_path / "q.tsv", "--judgments", tmp_path / "j.sqlite")
    page.set_viewport_size({"width": width, "height": 800})

    def press(key: str) -> None:
        before = page.locator("#progress").inner_text()
        page.keyboard.press(key)
        page.wait_for_function(
            "before => document.getElementById('progress').innerText !== before", arg=before
        )

    with judging(*options) as (home, process):
        page.goto(home)
        page.get_by_role("main").wait_for()
        names = ["0 not relevant", "1 related", "2 relevant", "3 answers the query"]
        group = page.get_by_role("group", name="Grade")
        buttons = group.get_by_role("button").all()
        assert [" ".join(button.inner_text().split()) for button in buttons] == names
        for name in ("Graded documents", "Note n"):
            assert page.get_by_label(name).count() == 1
        assert page.get_by_role("heading", level=1).inner_text() in ("المضخة", "valve of the pump")
        assert page.evaluate("document.activeElement.id") == "title"

        shown: dict[str, str] = {}
        for _ in range(100):
            if page.locator("#card").is_hidden():
                break
            title = page.locator("#title").inner_text()
            shown[title] = page.locator("#headings").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if title == arabic["title"]:
                side = "getComputedStyle(document.getElementById('title')).direction"
                assert page.evaluate(side) == "rtl"
            press("2")
        assert shown["Handbook"] == "Pump > Cleaning"
        assert "Everything is graded." in page.get_by_role("status").inner_text()
        page.get_by_role("region", name="hybrid", exact=True).wait_for()
        assert page.get_by_role("table", name="Measures of systems").get_by_role("row").count() == 4
        assert page.evaluate("document.documentElement.scrollWidth") <= width

        press("u")
        assert group.locator("[aria-pressed=true]").inner_text().startswith("2")
        page.keyboard.press("n")
        page.keyboard.type("3 of u")  # keys in a note are no grades
        page.keyboard.press("Enter")
        page.keyboard.press("d")
        page.locator("#text mark").wait_for()
        assert page.locator("#whole").get_attribute("aria-expanded") == "true"
        press("0")
        press("u")
        assert page.get_by_label("Note").input_value() == "3 of u"
        process.kill()
        process.wait()
        page.keyboard.press("1")
        page.wait_for_function("document.getElementById('status').classList.contains('bad')")
        assert "start it again, no grade is lost" in page.get_by_role("status").inner_text()


@pytest.mark.slow
def test_proposed_queries_are_edited_on_the_page(index: Path, tmp_path: Path, page: Any) -> None:
    with judging(index, "--judgments", tmp_path / "j.sqlite") as (home, _):
        page.goto(home)
        editor = page.get_by_label("Queries to judge")
        editor.wait_for()
        assert editor.input_value().strip()
        editor.fill("mill by the river\n\n")
        page.get_by_role("button", name="Judge these queries").click()
        page.get_by_role("main").wait_for()
        assert page.get_by_role("heading", level=1).inner_text() == "mill by the river"
