"""Databases that are sealed by their SHA-256."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from corpus_tuner.core.sealed_database import (
    fits_seal,
    is_open,
    is_sealed,
    open_read_only,
    seal,
)


def write(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE texts (text)")
        database.execute("INSERT INTO texts VALUES ('The old mill grinds wheat.')")


def read(path: Path) -> list[tuple[str]]:
    with closing(open_read_only(path)) as database:
        return database.execute("SELECT text FROM texts").fetchall()


def test_a_reader_of_a_sealed_database_leaves_no_files(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    write(path)
    seal(path)
    before = {*tmp_path.iterdir()}
    assert read(path) == [("The old mill grinds wheat.",)]
    assert {*tmp_path.iterdir()} == before
    assert is_sealed(path)
    assert fits_seal(path)


def test_damage_is_found_after_readers_that_left_an_empty_log(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    write(path)
    assert len(read(path)) == 1  # not sealed: SQLite makes its files
    (tmp_path / "d.sqlite-wal").touch()
    seal(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"old mill", b"new mill"))
    assert is_sealed(path)
    assert not fits_seal(path)


def test_a_database_that_is_written_to_is_open(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    write(path)
    seal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("INSERT INTO texts VALUES ('More.')")
        assert is_open(path)
        assert not is_sealed(path)
        assert len(read(path)) == 2
    assert not is_open(path)


def test_a_user_who_may_only_read_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.sqlite"
    write(path)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert read(path) == [("The old mill grinds wheat.",)]
    assert [*tmp_path.iterdir()] == [path]
