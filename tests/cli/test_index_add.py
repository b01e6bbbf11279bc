"""``corpus-tuner index add``."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_documents_are_added(index: Path, run: Run, new_documents: Path) -> None:
    before = len(json.loads(run("info", index, "--json").out)["segments"])
    added = run("index", "add", index, new_documents, "--json")
    assert added.code == 0, added.err
    assert json.loads(added.out)["changes"] == {
        "added": 3,
        "changed": 0,
        "removed": 0,
        "unchanged": 6,
    }
    shown = run("index", "add", index, new_documents)
    assert "0 added, 0 changed, 0 removed, 9 unchanged" in shown.out
    assert f"9 in {before + 1} segments" in run("info", index).out


def test_an_addition_says_how_to_read_it(index: Path, run: Run, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text("Nr#Inhalt\nx#The mill by the river.\n", encoding="utf-8")
    how = [
        part
        for setting in ("delimiter='#'", "id=Nr", "text=Inhalt")
        for part in ("--set", f"corpus.{setting}")
    ]
    assert " updated: 7 documents" in run("index", "add", index, table, *how).out
    failed = run("index", "add", index, table, "--set", "views.sentences=3")
    assert failed.code == 2
    assert "the recipe of an index is fixed" in " ".join(failed.err.split())
