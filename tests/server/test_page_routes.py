"""The search page and the API reference, which load nothing from elsewhere."""

import re

import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient


def test_the_page_brings_all_it_needs_and_runs_nothing_else(client: TestClient) -> None:
    page = client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("POST", "")
    for asset, kind in (
        ("page.js", "text/javascript"),
        ("plain.js", "text/javascript"),
        ("style.css", "text/css"),
    ):
        answer = client.get(f"/assets/{asset}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "innerHTML" not in answer.text
    assert client.get("/assets/app.py").status_code == 404
    assert client.get("/assets/..%2Fapp.py").status_code == 404


def test_the_documentation_brings_all_it_needs(client: TestClient) -> None:
    page = client.get("/docs")
    policy = page.headers["content-security-policy"]
    assert re.match("default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src", policy)
    assert not re.search(r"https?://", page.text)
    needed = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(needed) == 3
    for address in (*needed, "/openapi.json"):
        assert client.get(address).status_code == 200
