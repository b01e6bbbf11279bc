"""What was written stays, and what checks said of it, for those checks."""

import sqlite3
from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError
from corpus_tuner.generators import Written
from corpus_tuner.ledger import Ledger, Noted, Rejection


def test_indexes_with_other_checks_may_share_a_ledger(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.put({"k": Written(("one?", "two?"))}, "question", "generator")
        ledger.note("strict", [Noted("k", "one?", "copied", "copied", "")])
        ledger.note("lenient", [Noted("k", "one?", "", "", "a sentence")])
        assert ledger.rejections(["k"], "strict") == [
            Rejection("question", "one?", "copied", "copied")
        ]
        assert ledger.rejections(["k"], "lenient") == []
        ledger.note("strict", [Noted("k", "one?", "", "", "")])
        assert ledger.rejections(["k"], "strict") == []


def test_what_was_written_first_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.put({"k": Written(("one?",), cut=True)}, "question", "generator")
        ledger.put({"k": Written(("other?",))}, "question", "generator")
    with Ledger(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.get(["k", "unknown"]) == {"k": Written(("one?",), cut=True)}


def test_files_that_are_no_ledger(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(CorpusTunerError, match="has version 1, this release reads"):
        Ledger(file)
    file.write_bytes(b"this is certainly no database file, whatever its name says")
    with pytest.raises(CorpusTunerError, match="is not a ledger, or damaged"):
        Ledger(file)
