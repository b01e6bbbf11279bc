"""Changes of an index that is served."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.building.diff import Changes
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.server.index_writer import IndexWriter

NEW = {"id": "new", "text": "A new mill."}


@pytest.fixture
def writer(index: Path, encoder: Any) -> IndexWriter:
    writer = IndexWriter(index, None, False)
    writer._adder._encoder = encoder
    return writer


def test_changes_are_written_and_counted(writer: IndexWriter, index: Path) -> None:
    assert writer.add([NEW]) == Changes(added=1, unchanged=20)
    assert writer.add([NEW | {"text": "A newer mill."}]) == Changes(changed=1, unchanged=20)
    assert read_manifest(index).documents == 21
    assert writer.remove("new") == Changes(removed=1)
    assert writer.remove("new") == Changes()
    assert read_manifest(index).documents == 20


def test_documents_that_cannot_be_used_are_refused(writer: IndexWriter, index: Path) -> None:
    before = (index / "manifest.json").read_bytes()
    with pytest.raises(ValueError, match="field 'text': empty"):
        writer.add([{"id": "new", "text": ""}])
    assert (index / "manifest.json").read_bytes() == before
