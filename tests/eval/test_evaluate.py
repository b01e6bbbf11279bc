"""Evaluations and comparisons as people run them: the report, baselines, going on when killed."""

import csv
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome, Rerankers, write_jsonl
from tests.eval.made_benchmark import make_benchmark
from tests.eval.report.html_page import Page
from tests.fault_injection import start_command, wait_for_exit

Run = Callable[..., Outcome]


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
    monkeypatch.setenv("CORPUS_TUNER_BENCHMARKS", str(tmp_path / "home"))
    options = ("--depth", 40, "--set", "calibrate=false")
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


@pytest.mark.slow
def test_a_reranker_is_part_of_hybrid_search(
    tmp_path: Path, run: Run, rerankers: Rerankers
) -> None:
    encoder = rerankers.built.parent / "encoder" / "model"
    chosen = [f"encoder.name={encoder}", "language=en", "generator=null", "baselines=[]"]
    chosen += [f"search.reranker={rerankers.trained}"]
    options = [part for one in chosen for part in ("--set", one)]
    outcome = run("eval", rerankers.corpus, "-o", tmp_path / "out", *options)
    assert outcome.code == 0, outcome.err
    results = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    ndcg = {result["system"]: result["measures"]["nDCG@10"] for result in results}
    assert ndcg["hybrid"] > max(0.95, ndcg["default"] + 0.2)
    assert ndcg["oracle-all"] >= ndcg["hybrid"]
    weights = {result["system"]: result["weights"] for result in results}
    assert weights["hybrid"]["reranker"] > 0
    assert "reranker" not in weights["default"]
