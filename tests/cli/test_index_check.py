"""``corpus-tuner index check``."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


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
    assert "indexed again: 6 documents" in mended.out
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


@pytest.mark.parametrize(
    "name", ["views.faiss", "views.views.npy", "words.counts.npy", "documents.sqlite"]
)
def test_a_changed_file(index: Path, run: Run, name: str) -> None:
    file = index / "segments" / "000001" / name
    data = bytearray(file.read_bytes())
    data[:64] = bytes(64)
    file.write_bytes(data)
    failed = run("search", index, "mill")
    assert (failed.code, "damaged" in failed.err) == (2, True), failed
    assert "wrong SHA-256" in run("index", "check", index).out
