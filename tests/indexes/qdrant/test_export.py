"""Exports write what differs, go on after a kill, and leave the collection equal to the index."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corpus_tuner.indexes.qdrant.export as exporting
from corpus_tuner.core.documents import Document
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.export import Exported, export_to_qdrant
from corpus_tuner.indexes.representations import passage
from corpus_tuner.indexes.store.soft_delete import delete_documents
from tests.indexes.indexing import write_index
from tests.indexes.qdrant.collections import (
    QUERIES,
    address,
    assert_equal,
    documents,
    searcher,
    write,
)

KILLED = """
import os, signal, sys
from pathlib import Path
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.collection import Collection
from corpus_tuner.indexes.qdrant.export import export_to_qdrant

write = Collection.write

def write_once(self, points):
    write(self, points)
    if len(points) > 1:
        os.kill(os.getpid(), signal.SIGKILL)

Collection.write = write_once
export_to_qdrant(Path(sys.argv[1]), parse_address(sys.argv[2]))
"""


def export(index: Path, where: str) -> Exported:
    return export_to_qdrant(index, parse_address(where))


def assert_same(index: Path, where: str) -> None:
    with searcher(index) as local, searcher(where) as remote:
        assert_equal(list(remote.rank(QUERIES, 50)), list(local.rank(QUERIES, 50)))
        remote.source.verify()


@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_a_sync_writes_what_differs(tmp_path: Path) -> None:
    where = address(tmp_path)
    index, every = tmp_path / "index", documents(40)
    write(index, every)
    export(index, where)
    assert export(index, where) == Exported(documents=40)

    delete_documents(index, ["d3", "d30"])
    assert export(index, where) == Exported(documents=38, removed=2, terms=38)
    assert_same(index, where)

    other = Document("d5", "A new title", every[5].document.text, {"number": -1})
    changed = [every[5]._replace(document=other), *documents(45)[40:]]
    shutil.rmtree(index)
    write(index, [*every[:3], *changed, *every[6:]])
    done = export(index, where)
    assert (done.documents, done.added, done.changed, done.removed) == (43, 6, 1, 1)
    assert done.terms == 36
    assert_same(index, where)
    with searcher(where) as remote:
        found = remote.read_document("d5")
        assert found and found[0] == other


@pytest.mark.slow
def test_a_killed_export_goes_on(tmp_path: Path) -> None:
    where = address(tmp_path)
    index = write(tmp_path / "index", documents(150))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(index), where], check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(SearchIndexError, match="export one there, to its end"):
        searcher(where)
    assert export(index, where) == Exported(documents=150, added=86)
    assert_same(index, where)


def test_long_documents_are_spread_over_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = address(tmp_path)
    monkeypatch.setattr(exporting, "_NUMBERS", 5)
    index = write(tmp_path / "index", documents(20))
    assert export(index, where) == Exported(documents=20, added=20)
    assert_same(index, where)


def test_what_qdrant_cannot_rank_is_refused(tmp_path: Path) -> None:
    where = address(tmp_path)
    write_index(tmp_path / "index", documents(3), passage.Settings())
    with pytest.raises(SearchIndexError, match="representation 'views'"):
        export(tmp_path / "index", where)


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    where = address(tmp_path)
    export(write(tmp_path / "index", documents(3)), where)
    longer = [one._replace(vectors=np.eye(1, 7, dtype=np.float32)) for one in documents(3)]
    shorter = [one._replace(views=one.views[:1]) for one in longer]
    with pytest.raises(SearchIndexError, match="4 dimensions, and the index of 7"):
        export(write(tmp_path / "other", shorter), where)


def test_an_index_without_words(tmp_path: Path) -> None:
    where = address(tmp_path)
    write_index(tmp_path / "index", documents(30))
    export(tmp_path / "index", where)
    assert_same(tmp_path / "index", where)
