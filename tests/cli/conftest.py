"""A small index, of which every test has a copy of its own."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import add, build, load_recipe
from tests.conftest import Outcome, make_documents, write_jsonl

Run = Callable[..., Outcome]
BROWSER = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)


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


QUERIES = {"q 1": "mill by the river", "q 2": "wheat"}


QRELS = {"q 1": {"mill": 2}, "q 2": {"d1": 1, "d0": 0}}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Queries and judgments of the small index, in every kind of file."""
    rows = [(query, document, grade) for query in QRELS for document, grade in QRELS[query].items()]
    texts = {
        "q.jsonl": "".join(
            json.dumps({"id": key, "text": text}) + "\n" for key, text in QUERIES.items()
        ),
        "q.tsv": "".join(f"{key}\t{text}\n" for key, text in QUERIES.items()),
        "q.csv": "id,text\n" + "".join(f'{key},"{text}"\n' for key, text in QUERIES.items()),
        "beir.tsv": "query-id\tcorpus-id\tscore\n"
        + "".join(f"{query}\t{document}\t{grade}\n" for query, document, grade in rows),
        "trec.qrels": "".join(
            f"{query.replace(' ', '%20')} 0 {document} {grade}\n" for query, document, grade in rows
        ),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in texts}


@pytest.fixture
def new_documents(tmp_path: Path) -> Path:
    """A file of three documents that the small index does not have, with years."""
    records = make_documents(3, seed=4)
    more = [dict(one, _id=f"n{number}", year=2020 + number) for number, one in enumerate(records)]
    return write_jsonl(tmp_path / "more.jsonl", more)


@pytest.fixture
def grown_index(index: Path, new_documents: Path) -> Path:
    """The small index with `new_documents`, in two segments."""
    add(index, new_documents)
    return index


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    library = pytest.importorskip("playwright.sync_api")
    with library.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that may load nothing from elsewhere, and has nothing to complain of."""
    opened = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    home = "/".join(opened.url.split("/")[:3])
    assert all(url.startswith(home) for url in asked)
    expected = "status of (401|404|422)|ERR_(CONNECTION_RE|CONTENT_LENGTH)"
    assert not [line for line in said if not re.search(expected, line)]
    opened.close()
