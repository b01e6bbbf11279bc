"""Every kind of index has what a search needs."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.indexes.search.backend import Index, IndexSource
from corpus_tuner.indexes.search.local_index import LocalIndex, LocalIndexSource

METHODS = [
    name for name in vars(Index) if not name.startswith("_") and callable(getattr(Index, name))
]


def list_indexes() -> list[type]:
    try:
        from corpus_tuner.indexes.qdrant.index import QdrantIndex
    except ImportError:
        return [LocalIndex]
    return [LocalIndex, QdrantIndex]


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_every_index_have_the_parameters_of_the_protocol(name: str) -> None:
    wanted = [*inspect.signature(getattr(Index, name)).parameters]
    for index in list_indexes():
        assert [*inspect.signature(getattr(index, name)).parameters] == wanted


def test_a_source_without_all_methods_cannot_be_made() -> None:
    class Half(IndexSource):
        def close(self) -> None:
            """Do nothing."""

    incomplete: Any = Half
    with pytest.raises(TypeError, match="abstract method"):
        incomplete()
    LocalIndexSource(Path("index")).close()
