"""The files of a segment."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.core.documents import Document, View, add_digests
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.representations import Representation, open_representation, views
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.segment_writer import SEGMENT, SegmentRows, write_segment
from corpus_tuner.indexes.vectors.rows import row_starts_file, row_views_file


class Source:
    """Two documents, of one and of two views."""

    def __init__(self, vectors: int = 3) -> None:
        self.vectors = vectors

    def read_stored(self) -> Iterator[StoredDocument]:
        for number, kinds in enumerate((["passage"], ["passage", "title"])):
            document = Document(f"d{number}", "", "text", {"year": 2000 + number})
            own = [View(document.id, kind, "text") for kind in kinds]
            yield StoredDocument(document, own, f"0{number + 1}", {"written": number})

    def read_rows(self, representation: Representation) -> SegmentRows:
        blocks = iter([np.eye(self.vectors, 4, dtype=np.float32)])
        return SegmentRows(np.array([1, 2]), np.array([0, 0, 1], np.int32), blocks)

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        (folder / f"{ranker}.npy").write_text(ranker)


REPRESENTATIONS = [open_representation(views.Settings())]


def test_an_entry_describes_what_was_written(tmp_path: Path) -> None:
    entry = write_segment(Source(), tmp_path, REPRESENTATIONS, 4, ("words",))
    folder = tmp_path / SEGMENT
    assert (entry.documents, entry.live_documents, entry.rows) == (2, 2, {"views": 3})
    assert entry.counts == {"written": 1}
    assert entry.digest == add_digests("", ["01", "02"])
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert {name: file.bytes for name, file in entry.files.items()} == sizes
    assert {"documents.sqlite", "views.faiss", "words.npy"} <= {*sizes}
    assert np.load(row_starts_file(folder, "views")).tolist() == [0, 1, 3]
    assert np.load(row_views_file(folder, "views")).tolist() == [0, 0, 1]


def test_the_same_documents_give_the_same_files(tmp_path: Path) -> None:
    one = write_segment(Source(), tmp_path / "one", REPRESENTATIONS, 4)
    other = write_segment(Source(), tmp_path / "other", REPRESENTATIONS, 4)
    assert one == other


def test_what_a_kill_left_there_is_removed(tmp_path: Path) -> None:
    (tmp_path / SEGMENT).mkdir()
    (tmp_path / SEGMENT / "half").touch()
    entry = write_segment(Source(), tmp_path, REPRESENTATIONS, 4)
    assert "half" not in entry.files


def test_no_documents_are_a_segment_as_well(tmp_path: Path) -> None:
    class Nothing(Source):
        def read_stored(self) -> Iterator[StoredDocument]:
            return iter(())

        def read_rows(self, representation: Representation) -> SegmentRows:
            return SegmentRows(np.zeros(0, np.int64), np.zeros(0, np.int32), iter(()))

    entry = write_segment(Nothing(), tmp_path, REPRESENTATIONS, 4)
    assert (entry.documents, entry.rows, entry.digest) == (0, {"views": 0}, "")


def test_two_documents_of_one_id_are_refused(tmp_path: Path) -> None:
    class Twice(Source):
        def read_stored(self) -> Iterator[StoredDocument]:
            first, _ = super().read_stored()
            return iter((first, first))

    with pytest.raises(Exception, match=r"UNIQUE constraint failed: documents\.id"):
        write_segment(Twice(), tmp_path, REPRESENTATIONS, 4)
