"""State that the routes share."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
from corpus_tuner import Searcher
from corpus_tuner.generation.ledger import Rejection
from corpus_tuner.server.app import create_app
from tests.server.conftest import FAST, local


def test_a_document_is_shown_where_its_ledger_cannot_be_read(
    index: Path, encoder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable(_: Any) -> list[Rejection]:
        raise ValueError("ledger.sqlite is not a ledger, or damaged")

    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher, FAST, find_rejections=unreadable)) as client:
        for _ in range(2):
            answer = client.get("/v1/documents/a/b%20c")
            assert answer.status_code == 200
            assert answer.json()["views"]
            assert answer.json()["rejected"] == []
    (warning,) = (line for line in caplog.messages if "rejected views" in line)
    assert "ledger.sqlite is not a ledger" in warning


def test_a_service_without_a_ledger_knows_no_rejected_views(index: Path, encoder: Any) -> None:
    with local(create_app(Searcher.open(index, encoder=encoder), FAST)) as client:
        assert client.get("/v1/documents/a/b%20c").json()["rejected"] == []
