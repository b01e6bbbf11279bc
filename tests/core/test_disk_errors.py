"""Messages for errors of a disk that is full or fails."""

import errno
import sqlite3
from pathlib import Path

import pytest

from corpus_tuner.core.disk_errors import describe_disk_error, get_sqlite_code


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "make room there"),
        (errno.EDQUOT, "make room there"),
        (errno.EFBIG, "make room there"),
        (errno.EIO, "see whether the disk is full or fails"),
        (errno.EMFILE, "raise the limit (ulimit -n)"),
        (errno.EACCES, ""),
    ],
)
def test_an_error_of_the_disk_names_its_remedy(code: int, remedy: str) -> None:
    said = describe_disk_error(OSError(code, "It failed"))
    assert remedy in said
    assert bool(said) == bool(remedy)
    assert not said or said.startswith("It failed: ")


def test_a_full_database_is_a_full_disk(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "a.sqlite")
    database.executescript("CREATE TABLE words (word TEXT); PRAGMA max_page_count = 2;")
    with pytest.raises(sqlite3.OperationalError) as raised:
        database.execute("INSERT INTO words VALUES (?)", ("mill" * 10_000,))
    database.close()
    assert get_sqlite_code(raised.value) == sqlite3.SQLITE_FULL
    assert "make room there" in describe_disk_error(raised.value)


def test_other_errors_have_no_description() -> None:
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(":memory:").execute("SELECT nothing")
    assert describe_disk_error(raised.value) == describe_disk_error(ValueError("x")) == ""
    assert get_sqlite_code(ValueError("x")) == 0
