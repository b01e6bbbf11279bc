"""An address of Qdrant in place of an index's folder."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import write_jsonl

pytest.importorskip("qdrant_client")


def test_export_search_and_eval(tmp_path: Path, run: Run, index: Path) -> None:
    address = f"qdrant:{tmp_path}/collections/mills"
    outcome = run("index", "export", index, address)
    assert (outcome.code, outcome.out) == (0, f"{address}: 6 documents; 6 added\n"), outcome.err
    assert (
        run("index", "export", index, address).out
        == f"{address}: 6 documents; nothing was to be done\n"
    )
    assert json.loads(run("index", "export", index, address, "--json").out)["documents"] == 6

    query = ["a mill by the river", "--json"]
    here, there = (json.loads(run("search", where, *query).out) for where in (index, address))
    for own, wanted in zip(there["hits"], here["hits"], strict=True):
        assert own["score"] == pytest.approx(wanted["score"], abs=1e-5)
        assert (own["id"], own["passage"]) == (wanted["id"], wanted["passage"])

    benchmark = tmp_path / "benchmark"
    (benchmark / "qrels").mkdir(parents=True)
    (benchmark / "corpus.jsonl").write_bytes((tmp_path / "c.jsonl").read_bytes())
    write_jsonl(benchmark / "queries.jsonl", [{"_id": "q", "text": "mill by the river"}])
    (benchmark / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\tmill\t1\n")
    measured = {}
    for name, where in (("here", index), ("there", address)):
        out = tmp_path / name
        done = run("eval", benchmark, "--index", where, "-o", out, "--json")
        assert done.code == 0, done.err
        assert not [*(out / "indexes").iterdir()]
        rows = json.loads(done.out)
        measured[name] = {row["system"]: row["measures"] for row in rows}
    assert {"bm25", "ngrams", "views", "hybrid"} <= {*measured["there"]}
    assert measured["there"] == {name: measured["here"][name] for name in measured["there"]}


def test_what_does_not_go_together(tmp_path: Path, run: Run, index: Path) -> None:
    address = f"qdrant:{tmp_path}/mills"
    assert "is for a folder" in run("serve", address, "--writable").err
    assert (
        "--json is for an address"
        in run("index", "export", index, tmp_path / "a.tar", "--json").err
    )
    outcome = run("search", address, "mill")
    assert (outcome.code, outcome.out) == (2, "")
    assert "is not an index: export one there" in outcome.err
    both = run("eval", "sample-en", "sample-de", "--index", address, "-o", tmp_path / "out")
    assert both.code == 2
    assert "measured on one benchmark" in both.err
