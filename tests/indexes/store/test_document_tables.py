"""Documents and views come back from their tables."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.core.documents import Document, View
from corpus_tuner.errors import DamagedError
from corpus_tuner.indexes.store.document_tables import (
    SCHEMA,
    StoredDocument,
    insert_document,
    select_documents,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
values = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts | st.lists(texts)


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(SCHEMA)
        yield opened


def select(database: sqlite3.Connection, ordinals: list[int]) -> dict[int, StoredDocument]:
    def run(query: str, *bound: Any) -> list[Any]:
        return database.execute(query, bound).fetchall()

    return select_documents(run, ordinals, b"", Path("documents.sqlite"))


@given(texts, texts, st.dictionaries(texts, values, max_size=3), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_document_comes_back_as_it_was(
    database: sqlite3.Connection, id_: str, text: str, metadata: dict[str, Any], invented: bool
) -> None:
    views = [
        View(id_, "passage", text),
        View(id_, "question", f"{text}?", "a generator", "a sentence", invented),
    ]
    stored = StoredDocument(Document(id_, "title", text, metadata), views, "0a", {"written": 1})
    ordinal = insert_document(database, None, stored)
    assert select(database, [ordinal]) == {ordinal: stored}


def test_documents_are_selected_in_ascending_order(database: sqlite3.Connection) -> None:
    for ordinal in (3, 1, 2):
        id_ = f"d{ordinal}"
        one = StoredDocument(Document(id_, "", "text"), [View(id_, "passage", "text")], "0a", {})
        assert insert_document(database, ordinal, one) == ordinal
    found = select(database, [3, 1, 9])
    assert [*found] == [1, 3]
    assert found[3].document.id == "d3"


def test_a_document_without_views_is_damage(database: sqlite3.Connection) -> None:
    insert_document(database, 0, StoredDocument(Document("d0", "", "text"), [], "0a", {}))
    with pytest.raises(DamagedError, match=r"documents\.sqlite is damaged \(document 'd0'"):
        select(database, [0])
