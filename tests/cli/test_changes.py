"""``corpus-tuner index add``, ``remove``, ``merge``, ``check``, ``export``, ``import``."""

import io
import json
import sys
from pathlib import Path

import pytest

import corpus_tuner as ct
from corpus_tuner.indexes.store.manifest import read_manifest
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl


def test_a_day_in_the_life_of_an_index(
    index: Path, run: Run, tmp_path: Path, small: list[str]
) -> None:
    before = len(json.loads(run("info", index, "--json").out)["segments"])
    more = [
        dict(one, _id=f"n{number}", year=2020 + number)
        for number, one in enumerate(make_documents(3, seed=4))
    ]
    write_jsonl(tmp_path / "more.jsonl", more)
    added = run("index", "add", index, tmp_path / "more.jsonl", "--json")
    assert added.code == 0, added.err
    assert json.loads(added.out)["changes"] == {
        "added": 3,
        "changed": 0,
        "removed": 0,
        "unchanged": 6,
    }
    shown = run("index", "add", index, tmp_path / "more.jsonl")
    assert "0 added, 0 changed, 0 removed, 9 unchanged" in shown.out
    assert f"9 in {before + 1} segments" in run("info", index).out

    removed = run("index", "remove", index, "d0", "nobody", "--filter", "year>=2022", "--json")
    assert json.loads(removed.out) == {
        "matching": 2,
        "documents": 9,
        "first": ["d0", "n2"],
        "missing": ["nobody"],
        "removed": 2,
    }
    assert "not there: nobody" in run("index", "remove", index, "nobody").out
    assert "7 in 2 segments, 2 deleted" in run("info", index).out
    assert run("index", "remove", index).code == 2
    assert "no document" not in run("search", index, "mill", "-k", "20").err

    assert "7 documents in 1 segment(s)" in run("index", "merge", index).out
    assert json.loads(run("index", "merge", index, "--json").out)["documents"] == 7
    assert "is sound" in run("index", "check", index).out

    assert "7 documents" in run("index", "export", index, tmp_path / "index.tar").out
    assert (
        "all files right" in run("index", "import", tmp_path / "index.tar", tmp_path / "copy").out
    )
    failed = run("index", "import", tmp_path / "index.tar", tmp_path / "copy")
    assert failed.code == 2
    assert "is there already" in failed.err
    assert "7 documents" in run("index", "export", index, tmp_path / "index.tar").out  # is replaced
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
    assert "there is no file" in run("index", "import", tmp_path / "none.tar", tmp_path / "new").err
    assert run("search", tmp_path / "copy", "mill").code == 0


def test_a_removal_by_filter_is_announced_and_confirmed(
    index: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = ("index", "remove", index, "--filter", "id=d*")
    dry = run(*every, "--dry-run")
    assert "5 of 6 documents (d0, d1, d2, d3, d4) would be removed" in " ".join(dry.out.split())
    found = json.loads(run(*every, "--dry-run", "--json").out)
    assert (found["matching"], found["removed"]) == (5, 0)
    refused = run(*every)
    assert refused.code == 2
    said = " ".join(refused.err.split())
    assert "matches 5 of 6 documents" in said
    assert "--yes" in said

    for answer, code, left in (("n", 1, 6), ("y", 0, 5)):
        monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
        asked = run("index", "remove", index, "--filter", "id=d0")
        assert asked.code == code
        assert "1 of 6 documents (d0) match" in asked.err
        assert read_manifest(index).documents == left
    assert "removed 4 documents" in run(*every, "--yes").out


class Terminal(io.StringIO):
    """What someone types."""

    def isatty(self) -> bool:
        return True


def test_weights_are_chosen_anew_when_much_was_removed(
    tmp_path: Path, small: list[str], run: Run
) -> None:
    records = make_documents(130, seed=7)
    recipe = ct.load_recipe(None, [*small[1::2], "calibrate=sentences"])
    index = tmp_path / "index"
    assert ct.build(records, index, recipe).documents == 130
    ct.remove(index, ["d1"])
    assert read_manifest(index).changed == 1
    ct.remove(index, [f"d{number}" for number in range(2, 20)])
    after = read_manifest(index)
    assert after.changed == 0
    assert after.calibration
    assert after.calibration.documents == 111


def test_an_addition_says_how_to_read_it(index: Path, run: Run, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text("Nr#Inhalt\nx#The mill by the river.\n", encoding="utf-8")
    how = [
        part
        for setting in ("delimiter='#'", "id=Nr", "text=Inhalt")
        for part in ("--set", f"corpus.{setting}")
    ]
    assert '"added": 1' in run("index", "add", index, table, *how, "--json").out
    failed = run("index", "add", index, table, "--set", "views.sentences=3")
    assert failed.code == 2
    assert "the recipe of an index is fixed" in " ".join(failed.err.split())


def test_what_is_damaged_is_named_and_mended(index: Path, run: Run) -> None:
    file = next(index.glob("segments/*/views.faiss"))
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    found = run("index", "check", index, "--json")
    assert found.code == 1
    (problem,) = json.loads(found.out)["problems"]
    assert problem == {"file": str(file), "problem": "is damaged (wrong SHA-256)"}
    mended = run("index", "check", index, "--repair")
    assert mended.code == 0
    assert "views.faiss: is damaged" in mended.out
    assert "6 documents were indexed again" in mended.out
    assert run("index", "check", index).code == 0


def test_a_repair_uses_the_ledger_that_it_is_given(index: Path, run: Run, tmp_path: Path) -> None:
    own, given = index / "ledger.sqlite", tmp_path / "given.sqlite"
    own.unlink(missing_ok=True)
    file = next(index.glob("segments/*/views.faiss"))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    mended = run("index", "check", index, "--repair", "--ledger", given)
    assert mended.code == 0, mended.err
    assert given.exists()
    assert not own.exists()


def test_a_changed_corpus_is_followed(
    index: Path, run: Run, tmp_path: Path, small: list[str]
) -> None:
    documents = make_documents(8)[1:]
    documents[2]["text"] = "Another text."
    corpus = write_jsonl(tmp_path / "changed.jsonl", documents)
    built = run("build", corpus, "-o", index, *small)
    assert "to do: 3 added, 1 changed, 2 removed, 3 unchanged" in built.err
    assert "3 added, 1 changed, 2 removed, 3 unchanged" in built.out
    assert "up to date" in run("build", corpus, "-o", index, *small).out
    fresh = json.loads(run("build", corpus, "-o", index, "--fresh", *small, "--json").out)
    assert fresh["changes"]["added"] == 7
    assert fresh["segments"] == 1
