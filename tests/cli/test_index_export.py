"""``corpus-tuner index export``: to a file, to JSON lines, and to Qdrant."""

import gzip
import json
from pathlib import Path

import pytest

from corpus_tuner import Corpus
from tests.cli.conftest import Run
from tests.conftest import write_jsonl


def test_the_documents_of_an_index_are_exported(index: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "made" / "corpus.jsonl"
    done = run("index", "export", index, out)
    assert (done.code, done.out) == (0, f"{out}: 6 documents\n"), done.err
    exported = {document.id: document for document in Corpus(out)}
    assert exported == {document.id: document for document in Corpus(tmp_path / "c.jsonl")}

    assert run("index", "export", index, tmp_path / "c.jsonl.gz").code == 0
    assert gzip.decompress((tmp_path / "c.jsonl.gz").read_bytes()) == out.read_bytes()
    assert run("index", "export", index, "-").out == out.read_text(encoding="utf-8")

    before = out.read_bytes()
    refused = run("index", "export", index, out)
    assert refused.code == 2
    assert "is there already" in refused.err
    assert out.read_bytes() == before


def test_removed_documents_are_not_exported_and_metadata_are(
    index: Path, run: Run, tmp_path: Path, small: list[str]
) -> None:
    record = {"text": "Miete über 5 %", "year": 2020, "tags": ["a"]}
    (tmp_path / "more.jsonl").write_text(json.dumps({"_id": "my id", **record}), encoding="utf-8")
    assert run("index", "add", index, tmp_path / "more.jsonl").code == 0
    assert run("index", "remove", index, "d0").code == 0
    lines = run("index", "export", index, "-").out.splitlines()
    records = {one["_id"]: one for one in map(json.loads, lines)}
    assert len(records) == 6
    assert "d0" not in records
    assert records["my id"] == {
        "_id": "my id",
        "title": "",
        "text": "Miete über 5 %",
        "metadata": {"tags": ["a"], "year": 2020},
    }


@pytest.mark.parametrize("target", ["c.jsonl", "-"])
def test_what_is_no_index_is_not_exported(tmp_path: Path, run: Run, target: str) -> None:
    outcome = run("index", "export", tmp_path / "nothing", target)
    assert outcome.code == 2
    assert "is not an index" in outcome.err
    assert "Traceback" not in outcome.err


def test_an_index_in_qdrant_is_searched_and_evaluated_like_the_folder(
    tmp_path: Path, run: Run, index: Path
) -> None:
    pytest.importorskip("qdrant_client")
    address = f"qdrant:{tmp_path}/collections/mills"
    outcome = run("index", "export", index, address)
    assert (outcome.code, outcome.out) == (0, f"{address}: 6 documents; 6 added\n"), outcome.err
    assert (
        run("index", "export", index, address).out
        == f"{address}: 6 documents; nothing was to be done\n"
    )

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


def test_options_that_do_not_go_with_an_address(tmp_path: Path, run: Run, index: Path) -> None:
    pytest.importorskip("qdrant_client")
    address = f"qdrant:{tmp_path}/mills"
    tokens = tmp_path / "tokens.jsonl"
    run("token", tokens, "indexer", "--write")
    assert "can be changed only in its folder" in run("serve", address, "--tokens", tokens).err
    outcome = run("search", address, "mill")
    assert (outcome.code, outcome.out) == (2, "")
    assert "is not an index: export one there" in outcome.err
    both = run("eval", "sample-en", "sample-de", "--index", address, "-o", tmp_path / "out")
    assert both.code == 2
    assert "measured on one benchmark" in both.err


def test_an_index_is_exported_as_one_file(index: Path, run: Run, tmp_path: Path) -> None:
    assert "6 documents" in run("index", "export", index, tmp_path / "index.tar").out
    assert "6 documents" in run("index", "export", index, tmp_path / "index.tar").out  # is replaced
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for target, problem in (
        (tmp_path / "notes.txt", "is no exported index"),
        (tmp_path, "is no exported index"),
        ("ftp://host/index.tar", "no address that is known"),
    ):
        failed = run("index", "export", index, target)
        assert failed.code == 2
        assert problem in " ".join(failed.err.split())
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
