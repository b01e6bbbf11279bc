"""Documents of an index as JSON lines."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.json_export import open_json_lines, write_documents
from corpus_tuner.indexes.store.soft_delete import delete_documents
from tests.indexes.indexing import encoded, write_index

LINES = [b'{"_id": "a"}\n', b'{"_id": "\xc3\xbc"}\n']


@pytest.fixture
def index(tmp_path: Path) -> Path:
    vectors = np.ones((1, 3), np.float32)
    documents = [encoded(number, "Über", vectors, title="Mill") for number in range(4)]
    write_index(tmp_path / "index", documents, segments=2)
    return tmp_path / "index"


def test_live_documents_are_read_in_their_order(index: Path) -> None:
    delete_documents(index, ["d1"])
    with open_json_lines(index) as (documents, lines):
        read = [json.loads(line) for line in lines]
    assert documents == 3
    assert [record["_id"] for record in read] == ["d0", "d2", "d3"]
    assert read[0] == {"_id": "d0", "title": "Mill", "text": "Über", "metadata": {"number": 0}}


def test_an_index_may_be_changed_while_it_is_read(index: Path) -> None:
    with open_json_lines(index) as (documents, lines):
        delete_documents(index, ["d1"])
        assert documents == len([*lines]) == 4


def test_a_name_that_ends_in_gz_is_compressed(tmp_path: Path) -> None:
    for name in ("plain.jsonl", "one.jsonl.gz", "other.jsonl.gz"):
        write_documents(LINES, tmp_path / "folder" / name)
    folder = tmp_path / "folder"
    assert (folder / "plain.jsonl").read_bytes() == b"".join(LINES)
    compressed = (folder / "one.jsonl.gz").read_bytes()
    assert gzip.decompress(compressed) == b"".join(LINES)
    assert (folder / "other.jsonl.gz").read_bytes() == compressed


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "documents.jsonl"
    file.write_text("mine")
    with pytest.raises(SearchIndexError, match="is there already: give another name"):
        write_documents(LINES, file)
    assert file.read_text() == "mine"
