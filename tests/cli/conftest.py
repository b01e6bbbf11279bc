"""A small index, of which every test has a copy of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus_tuner import build, load_recipe
from tests.conftest import Outcome, make_documents, write_jsonl

Run = Callable[..., Outcome]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, small: list[str]) -> Path:
    """A folder with a corpus, ``c.jsonl``, and its ``index``."""
    folder = tmp_path_factory.mktemp("built")
    records = [
        {"_id": "mill", "title": "Mills [bold]", "text": "A mill by the river.\u009b31m Über."},
        *make_documents(5),
    ]
    corpus = write_jsonl(folder / "c.jsonl", records)
    build(corpus, folder / "index", load_recipe(None, small[1::2]))
    return folder


@pytest.fixture
def index(tmp_path: Path, built: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path / "index"
