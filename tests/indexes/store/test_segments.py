"""Segments as one index."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.core.documents import Document, View
from corpus_tuner.errors import DamagedError, SearchIndexError
from corpus_tuner.indexes.filters import compile_filter
from corpus_tuner.indexes.store.layout import DOCUMENTS
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segments import Segments, load_live_docs
from corpus_tuner.indexes.store.soft_delete import delete_documents
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.indexes.indexing import encoded, write_index

VECTORS = np.ones((2, 3), np.float32)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Seven documents in three segments, of which two are deleted."""
    write_index(tmp_path, [encoded(n, f"text {n}", VECTORS) for n in range(7)], segments=3)
    delete_documents(tmp_path, ["d1", "d5"])
    return tmp_path


@pytest.fixture
def segments(index: Path) -> Iterator[Segments]:
    with closing(Segments.open(index, read_manifest(index))) as opened:
        yield opened


def test_documents_come_in_the_order_they_were_requested_in(segments: Segments) -> None:
    order = np.array([6, 0, 3])
    assert segments.read_ids(order) == ["d6", "d0", "d3"]
    assert [one.text for one in segments.read_documents(order)] == ["text 6", "text 0", "text 3"]
    assert segments.read_document(4).id == "d4"
    stored = segments.read_stored(order)
    assert [one.views[1].document_id for one in stored] == ["d6", "d0", "d3"]
    assert [one.passages for one in stored] == [{0: "view 0"}] * 3
    assert [counts["view: passage"] for _, counts in segments.read_counts(order)] == [1, 1, 1]
    assert [view.document_id for view in segments.read_views(5)] == ["d5", "d5"]


def test_deleted_documents_are_not_found(segments: Segments) -> None:
    assert segments.live_docs.tolist() == [True, False, True, True, True, False, True]
    assert segments.find_matching(compile_filter({"number": {"gte": 1}})).tolist() == [2, 3, 4, 6]
    assert [ordinal for ordinal, _ in segments.read_digests()] == [0, 2, 3, 4, 6]
    assert {id_: own for id_, (own, _) in segments.find_ids(["d0", "d5", "d6"]).items()} == {
        "d0": 0,
        "d6": 6,
    }
    assert segments.fields["number"].documents == 7  # until they are merged


def test_documents_are_split_by_segment(index: Path, segments: Segments) -> None:
    entries = read_manifest(index).segments
    assert np.diff(segments.edges).tolist() == [entry.documents for entry in entries]
    for folder, entry, start in zip(segments.folders, entries, segments.edges, strict=False):
        own = segments.live_docs[start : start + entry.documents]
        assert load_live_docs(folder, entry).tolist() == own.tolist()
        assert entry.live_documents == own.sum()


def test_a_bitmap_of_other_documents_is_refused(index: Path) -> None:
    entry = read_manifest(index).segments[0]
    folder = index / "segments" / entry.name
    for update in ({"documents": 9}, {"live_documents": 2}):
        with pytest.raises(SearchIndexError, match="is no bitmap of"):
            load_live_docs(folder, entry.model_copy(update=update))


def test_ids_are_resolved_to_their_canonical_equivalents(tmp_path: Path) -> None:
    composed, decomposed = "\u00fcber", "u\u0308ber"
    documents = [
        EncodedDocument(Document(id_, "", "text"), [View(id_, "passage", "x")], VECTORS[:1])
        for id_ in (composed, decomposed, "Caf\u00e9")
    ]
    manifest = write_index(tmp_path, documents)
    with closing(Segments.open(tmp_path, manifest)) as segments:
        found = segments.resolve_ids([composed, "Cafe\u0301", "no", "n\u00f6"])
        assert found == {composed: [0], "Cafe\u0301": [2]}
        delete_documents(tmp_path, [composed])
    with closing(Segments.open(tmp_path, read_manifest(tmp_path))) as segments:
        assert segments.resolve_ids([composed]) == {composed: [1]}


def test_a_document_that_is_missing_is_damage(index: Path) -> None:
    manifest = read_manifest(index)
    folder = index / "segments" / manifest.segments[1].name
    with closing(sqlite3.connect(folder / DOCUMENTS)) as database:
        database.execute("DELETE FROM documents WHERE id = 'd3'")
        database.commit()
    with (
        closing(Segments.open(index, manifest)) as segments,
        pytest.raises(DamagedError, match=r"documents\.sqlite: document 3 is missing"),
    ):
        segments.read_ids(np.array([2, 3]))


def test_no_segments_are_an_empty_index() -> None:
    with closing(Segments([], [])) as empty:
        assert empty.find_matching(compile_filter({"anything": 1})).tolist() == []
        assert empty.resolve_ids(["d0", "\u00fc"]) == {}
        assert empty.fields["id"].documents == 0
