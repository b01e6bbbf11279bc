"""Filters let through in Qdrant what they let through here."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from corpus_tuner.core.documents import Document, View
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import compile_filter
from corpus_tuner.indexes.qdrant import filters
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.export import export_to_qdrant
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.indexes.filters.oracle import EVERY_TYPE, VALUES, nested, passes
from tests.indexes.indexing import Table, write_index
from tests.indexes.qdrant.collections import ENGINES, address, using

SCALARS = [
    *("2020", "2024-05", "2024-05-03", "2024-06-01T10:00", "de", "d", "e", "é", "𝄞", 'a"b', ""),
    *(2019, 2020, 2020.0, 2020.5, 0.1, -1, True, False, None),
]
QUERY = {"query": np.ones(3, np.float32)}


def odd(chance: random.Random, depth: int = 2) -> Any:
    """A value of metadata: whatever JSON can hold."""
    shape = chance.random()
    if not depth or shape < 0.5:
        return chance.choice(SCALARS)
    if shape < 0.8:
        return [odd(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    names = chance.sample(["of", "b"], chance.randint(0, 2))
    return {name: odd(chance, depth - 1) for name in names}


def metadata() -> list[dict[str, Any]]:
    chance = random.Random(0)
    names = ["a", "b", "a b"]
    every = [
        {name: odd(chance) for name in chance.sample(names, chance.randint(0, 3))}
        for _ in range(60)
    ]
    return [*every, EVERY_TYPE, {"a": VALUES}]  # so no type is a mistake


@pytest.fixture(scope="module", params=ENGINES)
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Any], set[str]]]:
    """The ids of all documents that a filter lets through."""
    folder: Path = tmp_path_factory.mktemp("filters")
    where = address(folder)
    documents = [
        EncodedDocument(
            Document(f"d{number}", "", "text", one),
            [View(f"d{number}", "passage", "x")],
            np.eye(1, 3, dtype=np.float32),
        )
        for number, one in enumerate(metadata())
    ]
    write_index(folder / "index", documents)
    with using(request.param):
        export_to_qdrant(folder / "index", parse_address(where))
        with Searcher.open(where, encoder=Table(QUERY)) as searcher:

            def passing(filter: Any) -> set[str]:
                ((*ranking,),) = searcher.rank(["query"], len(documents), filter=filter)
                return {id_ for id_, _ in ranking}

            yield passing


@hypothesis_settings(deadline=None, max_examples=60)
@given(filter=nested)
def test_the_same_documents_pass_as_by_hand(
    found: Callable[[Any], set[str]], filter: dict[str, Any]
) -> None:
    expected = {f"d{n}" for n, one in enumerate(metadata()) if passes(f"d{n}", one, filter)}
    try:
        assert found(filter) == expected
    except SearchIndexError as error:
        assert "up to 2**53" in str(error)


@pytest.mark.parametrize(
    "filter",
    [
        {"a": {"gte": "2024-05"}},
        {"a": {"lt": "2024-05"}},  # years that documents have are before it
        {"a": {"gt": "2024-05", "lt": "e"}},
        {"a": {"prefix": "2024"}},
        {"a": {"prefix": "2", "gt": "2020"}},
        {"id": {"prefix": "d1"}},
        {"id": {"gte": "d50"}},
        {"not": {"a b": [True, 2020, "de"]}},
        {"or": [{"b": False}, {"a": {"exists": False}}]},
        {},
    ],
)
def test_filters_that_people_give(found: Callable[[Any], set[str]], filter: Any) -> None:
    expected = {f"d{n}" for n, one in enumerate(metadata()) if passes(f"d{n}", one, filter)}
    assert expected
    assert found(filter) == expected


def test_a_field_that_there_is_not(found: Callable[[Any], set[str]]) -> None:
    with pytest.raises(SearchIndexError, match="no document has the field 'yaer'"):
        found({"yaer": 1})


def test_the_order_of_very_many_texts_is_refused() -> None:
    condition = compile_filter({"date": {"gte": "2024"}})

    def texts(_: str, most: int) -> list[str]:
        return [str(number) for number in range(most)]

    with pytest.raises(SearchIndexError, match="10,000 different ones: keep dates as numbers"):
        filters.convert_filter(condition, texts)
