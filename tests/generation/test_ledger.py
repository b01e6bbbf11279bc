"""What was written stays, and what checks said of it, for those checks."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.core.sealed_database import get_seal
from corpus_tuner.generation.checks import Verdict
from corpus_tuner.generation.generators import Written
from corpus_tuner.generation.ledger import (
    Ledger,
    Rejection,
    find_ledger_problem,
    make_ledger_key,
)
from corpus_tuner.generation.prompts import Instruction


def test_indexes_with_other_checks_may_share_a_ledger(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.put({"k": Written(("one?", "two?"))}, "question", "generator")
        ledger.note("strict", [("k", "one?", Verdict("copied", "", "copied"))])
        ledger.note("lenient", [("k", "one?", Verdict("", "a sentence", ""))])
        assert ledger.rejections(["k"], "strict") == [
            Rejection("question", "one?", "copied", "copied")
        ]
        assert ledger.rejections(["k"], "lenient") == []
        ledger.note("strict", [("k", "one?", Verdict("", "", ""))])
        assert ledger.rejections(["k"], "strict") == []


def test_what_was_written_first_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.put({"k": Written(("one?",), cut=True)}, "question", "generator")
        ledger.put({"k": Written(("other?",))}, "question", "generator")
    with Ledger(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.get(["k", "unknown"]) == {"k": Written(("one?",), cut=True)}


def test_a_ledger_is_read_behind_another_and_absorbed(tmp_path: Path) -> None:
    whole, shard = tmp_path / "ledger.sqlite", tmp_path / "shard.sqlite"
    with Ledger(whole) as ledger:
        ledger.put({"k": Written(("one?",))}, "question", "generator")
    with Ledger(shard, earlier=whole) as ledger:
        ledger.put({"l": Written(("two?",))}, "question", "generator")
        ledger.note("strict", [("l", "two?", Verdict("copied", "", "copied"))])
        found = ledger.get(["k", "l", "m"])
        assert found == {"k": Written(("one?",)), "l": Written(("two?",))}
    with Ledger(whole) as ledger:
        assert ledger.get(["l"]) == {}
        ledger.absorb(shard)
        assert ledger.get(["k", "l"]) == found
        assert [one.text for one in ledger.rejections(["l"], "strict")] == ["two?"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [whole.name, f"{whole.name}.sha256"]


def test_files_that_are_no_ledger(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(CorpusTunerError, match="has version 1, this release reads"):
        Ledger(file)
    file.write_bytes(b"this is certainly no database file, whatever its name says")
    with pytest.raises(CorpusTunerError, match="is not a ledger, or damaged"):
        Ledger(file)


def test_a_locked_ledger_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ledger.sqlite"
    Ledger(file).close()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", partial(connect, timeout=0))
    with closing(connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CorpusTunerError, match=r"another process uses .*try again when"):
            Ledger(file)
        assert find_ledger_problem(file) == ""  # the seal is enough
        get_seal(file).unlink()
        with pytest.raises(CorpusTunerError, match=r"another process uses .*try again when"):
            find_ledger_problem(file)
    assert find_ledger_problem(file) == ""


def test_a_ledger_is_sealed_by_the_last_one_that_has_it(tmp_path: Path) -> None:
    file, seal = tmp_path / "ledger.sqlite", tmp_path / "ledger.sqlite.sha256"
    with Ledger(file) as ledger:
        Ledger(file).close()
        ledger.put({"k": Written(("one?",))}, "question", "generator")
        assert find_ledger_problem(file) == ""
        assert not seal.exists()
    assert seal.exists()


def test_a_full_disk_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with Ledger(file) as ledger:
        (pages,) = ledger._database.execute("PRAGMA page_count").fetchone()
        ledger._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(CorpusTunerError, match=r"cannot write to .*is full: make room there"):
            ledger.put({str(n): Written(("a" * 5_000,)) for n in range(9)}, "question", "g")
        assert ledger.get(["1"]) == {}


MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")


def test_every_part_of_the_content_is_in_the_key() -> None:
    instruction = Instruction("title", "en", "{text}")
    keys = {
        make_ledger_key(MILL, instruction, "g"),
        make_ledger_key(Document("a", "", MILL.text), instruction, "g"),
        make_ledger_key(Document("a", MILL.title, ""), instruction, "g"),
        make_ledger_key(MILL, Instruction("claim", "en", "{text}"), "g"),
        make_ledger_key(MILL, Instruction("title", "de", "{text}"), "g"),
        make_ledger_key(MILL, Instruction("title", "en", "{text}."), "g"),
        make_ledger_key(MILL, instruction, "h"),
    }
    assert len(keys) == 7
    assert make_ledger_key(Document("other", MILL.title, MILL.text), instruction, "g") in keys
