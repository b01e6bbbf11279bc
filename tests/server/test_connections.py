"""Connections that send nothing, or too little, over real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

import uvicorn

from corpus_tuner import CorpusTunerError, Searcher
from corpus_tuner.server import connections
from corpus_tuner.server.app import create_app
from corpus_tuner.server.connections import make_uvicorn_options
from tests.server.conftest import make_index

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = {
    "nothing": b"",
    "a line": b"\r\n",
    "half a head": b"GET /health HTTP/1.1\r\nHost: local",
    "half a body": b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\n"
    b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query"',
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    return make_index(tmp_path_factory.mktemp("connections"), encoder)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 0.2)


@contextmanager
def serving(index: Path, encoder: Any) -> Iterator[Callable[[], socket.socket]]:
    """Serve an index; give what connects to the service."""
    app = create_app(Searcher.open(index, encoder=encoder))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **make_uvicorn_options()))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        address = bound.getsockname()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield lambda: socket.create_connection(address, timeout=60)
        finally:
            server.should_exit = True
            thread.join()


def answered(connection: socket.socket) -> bytes:
    """Return all that comes until the service closes the connection."""
    found = b""
    try:
        while part := connection.recv(4096):
            found += part
    except ConnectionResetError:
        pass
    return found


def healthy(connection: socket.socket) -> bool:
    connection.sendall(HEALTH)
    return connection.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF)
def test_what_does_not_come_to_its_end_is_closed(
    index: Path, encoder: Any, sent: bytes, impatient: None
) -> None:
    with serving(index, encoder) as connect, connect() as connection:
        if sent:
            connection.sendall(sent)
        assert answered(connection)[:12] == (b"HTTP/1.1 408" if sent.strip() else b"")


def test_dripping_buys_no_time(index: Path, encoder: Any, impatient: None) -> None:
    with serving(index, encoder) as connect, connect() as connection:
        dripping = threading.Event()

        def drip() -> None:
            connection.sendall(b"GET /health HTTP/1.1\r\n")
            while not dripping.wait(0.02):
                try:
                    connection.sendall(b"a: b\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        found = answered(connection)
        dripping.set()
        thread.join()
        assert found[:12] in (b"HTTP/1.1 408", b"")  # a reset may overtake the answer


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF)
def test_those_that_wait_lock_nobody_out(
    index: Path, encoder: Any, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 600)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 8)
    with (
        serving(index, encoder) as connect,
        ExitStack() as stack,
    ):
        for _ in range(40):
            stack.enter_context(connect()).sendall(sent)
        for _ in range(3):
            with connect() as connection:
                assert healthy(connection)


def test_an_answered_connection_stays_open(index: Path, encoder: Any, impatient: None) -> None:
    with (
        serving(index, encoder) as connect,
        connect() as connection,
        connect() as idle,
    ):
        assert healthy(connection)
        assert answered(idle) == b""  # its time is over, and so would be that of the other
        assert healthy(connection)


def test_when_all_are_at_work_a_new_one_is_refused(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Searcher.search
    begun, go_on = threading.Event(), threading.Event()

    def slow(*given: Any, **options: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return search(*given, **options)

    monkeypatch.setattr(Searcher, "search", slow)
    asked = b"GET /v1/search?q=mill HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    with serving(index, encoder) as connect, connect() as at_work:
        at_work.sendall(asked)
        assert begun.wait(60)
        with connect() as another:
            assert answered(another)[:12] == b"HTTP/1.1 503"
        go_on.set()
        assert answered(at_work)[:12] == b"HTTP/1.1 200"


def test_an_unknown_version_of_uvicorn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "version", lambda _: "0.99.1")
    with pytest.raises(CorpusTunerError, match=r"uvicorn 0\.54, not 0\.99\.1"):
        make_uvicorn_options()
