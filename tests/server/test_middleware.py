"""Requests that are refused before they are read: by token, host and size."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from corpus_tuner import Searcher
from corpus_tuner.server.app import create_app
from corpus_tuner.server.middleware import is_known_host
from tests.server.conftest import local, make_tokens


def test_a_body_without_a_length_is_limited_too(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 20_000

    answer = client.post("/v1/search", content=parts())
    assert answer.status_code == 413
    assert answer.json() == {"detail": "the body has more than 1048576 bytes"}


def test_the_token(index: Path, encoder: Any) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    tokens, headers = make_tokens(index.parent, reader=None)
    with local(create_app(searcher, tokens)) as client:
        for path in ("/v1/index", "/v1/documents/x", "/metrics"):
            assert client.get(path).status_code == 401
            for wrong in ("wrong", "sésame", ""):
                sent = {b"Authorization": f"Bearer {wrong}".encode()}
                assert client.get(path, headers=sent).status_code == 401
            assert client.get(path, headers=headers["reader"]).status_code in (200, 404)
        for path in ("/health", "/ready", "/"):
            assert client.get(path).status_code == 200


def test_nothing_is_read_without_the_token(index: Path, encoder: Any) -> None:
    tokens, headers = make_tokens(index.parent, reader=None)
    secret = headers["reader"]["Authorization"].removeprefix("Bearer ")
    with local(create_app(Searcher.open(index, encoder=encoder), tokens)) as client:
        json_ = {"Content-Type": "application/json"}
        for content in ('{"query": ', "x" * 2**20):
            answer = client.post("/v1/search", content=content, headers=json_)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/search?k=x").status_code == 401
        assert client.get("/nowhere").status_code == 401
        basic = {"Authorization": f"Basic {secret}"}
        assert client.get("/v1/index", headers=basic).status_code == 401
        right = {"Authorization": f"bearer {secret}", **json_}
        assert client.post("/v1/search", content='{"query": ', headers=right).status_code == 422


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("[::1]", 200),
        ("search.example", 200),
        ("search.example:443", 200),
        ("evil.example", 421),
        ("evil.example:8000", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("[::1].evil.example", 421),
        ("::1", 421),
        ("[evil.example]", 421),
        ("[127.0.0.1]", 421),
        ("", 421),
    ],
)
def test_only_by_names_of_its_own(index: Path, encoder: Any, host: str, status: int) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher, hosts=["Search.example"])) as client:
        for path in ("/v1/documents/d1", "/v1/index", "/"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == status
            assert status == 200 or "--allowed-host" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 200),
        ("https://search.example", 200),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
def test_pages_of_other_sites_are_refused(
    index: Path, encoder: Any, origin: str, status: int
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher, hosts=["search.example"])) as client:
        answer = client.post("/v1/search", json={"query": "mill"}, headers={"Origin": origin})
        assert answer.status_code == status


def test_one_host_only(client: TestClient) -> None:
    two = [("Host", "localhost"), ("Host", "evil.example")]
    assert client.get("/v1/index", headers=two).status_code == 421


@hypothesis_settings(max_examples=25)
@given(st.ip_addresses(), st.integers(0, 65535))
def test_every_ip_address_is_a_known_host(address: IPv4Address | IPv6Address, port: int) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    assert is_known_host(host, ())
    assert is_known_host(f"{host}:{port}", ())
    assert not is_known_host(f"{host}.evil.example", ())


@hypothesis_settings(max_examples=25)
@given(st.text())
def test_no_other_name_is_a_known_host(host: str) -> None:
    assert not is_known_host(f"{host}evil.example", {"search.example"})
