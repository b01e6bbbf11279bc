"""A client that asks as a browser on this machine does."""

from typing import Any

from fastapi.testclient import TestClient


def local(app: Any, **options: Any) -> TestClient:
    return TestClient(app, base_url="http://localhost", **options)
