"""A searcher in a process that was forked after it was opened."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, SearchIndexError, build, load_recipe
from tests.conftest import make_documents, write_jsonl

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("fork")
    corpus = write_jsonl(folder / "c.jsonl", make_documents(10))
    chosen = [f"encoder.name={encoder_folder}", "generator=null", "calibrate=false", "language=en"]
    build(corpus, folder / "index", load_recipe(None, chosen))
    return folder / "index"


def in_a_child(does: Callable[[], Any]) -> int:
    """Return the exit code of a forked process: 0 if it is done, 1 if it fails, -9 if it hangs."""
    child = os.fork()
    if not child:
        try:
            does()
        except BaseException:
            os._exit(1)
        os._exit(0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(
    "use",
    [
        lambda searcher: searcher.search("mill"),
        lambda searcher: searcher.search("mill", mode="lexical"),
        lambda searcher: list(searcher.rank(["mill"])),
        lambda searcher: list(searcher.find_candidates(["mill"])),
        lambda searcher: searcher.read_document("d1"),
        lambda searcher: searcher.refresh(),
    ],
    ids=["search", "lexical", "rank", "pools", "document", "refresh"],
)
def test_it_is_refused(index: Path, use: Callable[[Searcher], Any]) -> None:
    with Searcher.open(index) as searcher:
        use(searcher)

        def refused() -> None:
            with pytest.raises(SearchIndexError, match="open the index in the child process"):
                use(searcher)

        assert in_a_child(refused) == 0
        use(searcher)  # and the parent goes on


def test_the_child_can_open_it(index: Path) -> None:
    with Searcher.open(index) as searcher:
        expected = searcher.search("mill")

        def opened() -> None:
            with Searcher.open(index) as own:
                assert own.search("mill") == expected

        assert in_a_child(opened) == 0
