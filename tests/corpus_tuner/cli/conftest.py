"""A small index, built by the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome, make_documents, write_jsonl

Run = Callable[..., Outcome]


@pytest.fixture
def index(tmp_path: Path, run: Run, small: list[str]) -> Path:
    records = [
        {"_id": "mill", "title": "Mills [bold]", "text": "A mill by the river.\u009b31m Über."},
        *make_documents(5),
    ]
    corpus = write_jsonl(tmp_path / "c.jsonl", records)
    outcome = run("build", corpus, "--output", tmp_path / "index", *small)
    assert outcome.code == 0
    assert "built: 6 documents (en)" in outcome.out
    return tmp_path / "index"
