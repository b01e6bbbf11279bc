"""``corpus-tuner index remove``."""

import io
import json
import sys
from pathlib import Path

import pytest

from corpus_tuner.indexes.store.manifest import read_manifest
from tests.cli.conftest import Run


def test_documents_are_removed_by_ids_and_by_metadata(grown_index: Path, run: Run) -> None:
    index = grown_index
    removed = run("index", "remove", index, "d0", "nobody", "--filter", "year>=2022", "--json")
    assert json.loads(removed.out) == {
        "matching": 2,
        "documents": 9,
        "first": ["d0", "n2"],
        "missing": ["nobody"],
        "removed": 2,
    }
    assert "not in the index: nobody" in run("index", "remove", index, "nobody").out
    assert "7 in 2 segments, 2 deleted" in run("info", index).out
    assert run("index", "remove", index).code == 2
    assert "no document" not in run("search", index, "mill", "-k", "20").err


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
