"""A server: its key, what is said when it cannot be reached, and the same rankings."""

import socket
import warnings
from pathlib import Path

import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.export import Exported, export_to_qdrant
from corpus_tuner.indexes.store.soft_delete import delete_documents
from tests.indexes.qdrant.collections import QUERIES, assert_equal, documents, searcher, write

pytest.importorskip("qdrant_client")

from tests.indexes.qdrant.server import KEY, serving


@pytest.mark.slow
def test_an_index_on_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    index = write(tmp_path / "index", documents(80))
    with serving() as where, warnings.catch_warnings(action="ignore"):
        address = parse_address(where)
        monkeypatch.delenv("QDRANT_API_KEY", raising=False)
        with pytest.raises(SearchIndexError, match=r"answered 401: .* set QDRANT_API_KEY"):
            export_to_qdrant(index, address)
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        assert export_to_qdrant(index, address) == Exported(documents=80, added=80)
        delete_documents(index, ["d3"])
        assert export_to_qdrant(index, address) == Exported(documents=79, removed=1, terms=79)
        filter = {"number": {"lt": 60}, "id": {"gt": "d2"}}
        with searcher(index) as local, searcher(where) as remote:
            assert_equal(list(remote.rank(QUERIES, 20)), list(local.rank(QUERIES, 20)))
            for own, wanted in zip(
                remote.search(QUERIES, 3, filter=filter),
                local.search(QUERIES, 3, filter=filter),
                strict=True,
            ):
                assert [hit.view for hit in own] == [hit.view for hit in wanted]
            assert not remote.refresh()
            delete_documents(index, ["d7"])
            export_to_qdrant(index, address)
            assert remote.refresh()
            assert local.refresh()
            assert_equal(list(remote.rank(QUERIES, 20)), list(local.rank(QUERIES, 20)))
            assert KEY not in remote.manifest.model_dump_json()
            assert KEY not in f"{remote.source} {vars(remote)}"
    assert KEY not in "".join(capfd.readouterr())


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"qdrant://127.0.0.1:{taken.getsockname()[1]}/test"
        with pytest.raises(SearchIndexError, match="Qdrant cannot be reached"):
            searcher(where)


def test_a_folder_that_another_process_has_open(tmp_path: Path) -> None:
    from qdrant_client import QdrantClient

    other = QdrantClient(path=str(tmp_path / "folder"))
    with pytest.raises(SearchIndexError, match="already accessed"):
        searcher(f"qdrant:{tmp_path}/folder/test")
    other.close()


def test_a_collection_of_something_else_is_left_alone(tmp_path: Path) -> None:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(tmp_path / "folder"))
    size = models.VectorParams(size=4, distance=models.Distance.DOT)
    client.create_collection("test", {"passage": size})
    client.upsert("test", [models.PointStruct(id=1, vector={"passage": [1.0] * 4}, payload={})])
    client.close()
    index = write(tmp_path / "index", documents(3))
    with pytest.raises(SearchIndexError, match="has other contents than an index"):
        export_to_qdrant(index, parse_address(f"qdrant:{tmp_path}/folder/test"))
