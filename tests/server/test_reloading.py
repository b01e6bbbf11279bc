"""The switch to a changed index, without a failed request."""

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from corpus_tuner import Searcher, SearchIndexError, build, load_recipe
from corpus_tuner.server.reloading import LiveSearcher
from tests.server.conftest import CHOSEN, make_index, until


def test_the_index_is_switched_without_a_failed_request(
    client: TestClient, tmp_path: Path, encoder: Any
) -> None:
    statuses: set[int] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.add(client.post("/v1/search", json={"query": "mill"}).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    make_index(tmp_path, encoder, 33)
    deadline = time.monotonic() + 20
    while client.get("/v1/index").json()["documents"] != 33 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert statuses == {200}
    assert client.get("/v1/index").json()["documents"] == 33


def open_files() -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one by which this is listed
            found.append(str(descriptor.readlink()))
    return found


def test_all_routes_follow_the_index(client: TestClient, tmp_path: Path, encoder: Any) -> None:
    assert client.get("/v1/documents/d25").status_code == 404
    make_index(tmp_path, encoder, 33)
    until(lambda: client.get("/v1/documents/d25").status_code == 200)
    make_index(tmp_path, encoder, 40)
    until(lambda: client.get("/v1/index").json()["documents"] == 40)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it looks at open files")
def test_the_index_is_followed_though_nobody_asks(
    client: TestClient, tmp_path: Path, encoder: Any
) -> None:
    old = [name for name in open_files() if name.startswith(str(tmp_path / "index"))]
    assert old
    settings = load_recipe(None, CHOSEN)
    build(tmp_path / "corpus.jsonl", tmp_path / "index", settings, encoder=encoder, fresh=True)
    until(lambda: not set(open_files()) & {*old, *(f"{name} (deleted)" for name in old)})


@pytest.mark.parametrize(
    "error", [SearchIndexError("another encoder"), FileNotFoundError("gone"), KeyError("odd")]
)
def test_an_index_that_cannot_be_followed_still_answers(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    looks = 0

    def refresh(_: Searcher) -> bool:
        nonlocal looks
        looks += 1
        raise error

    monkeypatch.setattr(Searcher, "refresh", refresh)
    until(lambda: looks > 3)
    assert client.post("/v1/search", json={"query": "mill"}).status_code == 200
    assert len([line for line in caplog.messages if "is not reloaded" in line]) == 1


def test_every_reason_is_a_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        problem = "damaged"

        def refresh(self) -> bool:
            if self.problem:
                raise SearchIndexError(self.problem)
            return True

    searcher: Any = Failing()
    live = LiveSearcher(searcher)
    for problem in ("damaged", "damaged", "gone", "", "gone"):
        searcher.problem = problem
        live.reload()
    reasons = [line.rpartition(": ")[2] for line in caplog.messages]
    assert reasons == ["damaged", "gone", "gone"]
    assert live.reloads == 1
