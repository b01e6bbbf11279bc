"""Where an index is: a folder, or a collection."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.open_index import locate_index
from corpus_tuner.indexes.search.local_index import LocalIndexSource


@pytest.mark.parametrize("path", ["some/index", Path("some/index")])
def test_a_path_is_a_folder(path: str | Path) -> None:
    source = locate_index(path)
    assert isinstance(source, LocalIndexSource)
    assert Path(str(source)) == Path("some/index")


def test_an_address_is_a_collection(tmp_path: Path) -> None:
    pytest.importorskip("qdrant_client")
    source = locate_index(f"qdrant:{tmp_path}/test")
    assert str(source) == f"qdrant:{tmp_path}/test"
    source.close()


def test_a_source_is_what_it_is() -> None:
    source = LocalIndexSource(Path("some/index"))
    assert locate_index(source) is source


@pytest.mark.parametrize("path", [3, None, b"index"])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(SearchIndexError, match="path: give a path"):
        locate_index(path)


def test_an_address_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(SearchIndexError, match="is no address"):
        locate_index("qdrant://host")
