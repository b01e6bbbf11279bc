"""A small index behind a service, of which every test has a copy of its own."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.server.tokens import Right, TokenFile, add_token
from tests.conftest import make_documents, write_jsonl

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

CHOSEN = [
    *("generator=null", "views.sentences=2", "calibrate=false", "language=en"),
    "corpus.on_bad_record=skip",
]


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make services see changes of their index soon."""
    monkeypatch.setattr("corpus_tuner.server.reloading.INTERVAL", 0.01)


def make_tokens(folder: Path, **filters: str | None) -> tuple[TokenFile, dict[str, Any]]:
    """Return a file of tokens, and the headers of a request with each.

    A token called ``writer`` may write; the others read what passes their filters.
    """
    file = folder / "tokens.jsonl"
    headers = {}
    for name, filter in filters.items():
        rights: tuple[Right, ...] = ("read", "write") if name == "writer" else ("read",)
        secret = add_token(file, name, rights, filter)
        headers[name] = {"Authorization": f"Bearer {secret}"}
    return TokenFile(file), headers


def local(app: Any, **options: Any) -> "TestClient":
    """Return a client that asks as a browser on this machine does."""
    from fastapi.testclient import TestClient

    return TestClient(app, base_url="http://localhost", **options)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for a minute at most."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def make_index(folder: Path, encoder: Any, count: int = 20) -> Path:
    made: list[dict[str, Any]] = [dict(record) for record in make_documents(count)]
    for number, record in enumerate(made):
        record["year"] = 2000 + number
    made[0] |= {"_id": "a/b c", "title": "<script>alert(1)</script> Mühle", "text": "the mill\x07"}
    write_jsonl(folder / "corpus.jsonl", made)
    build(folder / "corpus.jsonl", folder / "index", load_recipe(None, CHOSEN), encoder=encoder)
    return folder / "index"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    return make_index(tmp_path_factory.mktemp("made"), encoder).parent


@pytest.fixture
def index(tmp_path: Path, made: Path) -> Path:
    """A copy, which a test may replace."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "index"


@pytest.fixture
def client(index: Path, encoder: Any, fast: None) -> Iterator["TestClient"]:
    from corpus_tuner.server.app import create_app

    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher)) as client:
        yield client
