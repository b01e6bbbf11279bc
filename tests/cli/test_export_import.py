"""``corpus-tuner index export`` to JSON lines: what comes out is the corpus that went in."""

import gzip
import json
from pathlib import Path

import pytest

from corpus_tuner import Corpus
from tests.cli.conftest import Run


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
