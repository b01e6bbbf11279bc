"""Differences between a corpus and its index."""

from pathlib import Path
from typing import Any

import pytest

import corpus_tuner as ct
from corpus_tuner.building.diff import Changes, CorpusDiff
from corpus_tuner.indexes.store.segments import Segments

DOCUMENTS = [ct.Document(f"d{number}", "", f"Text {number}.") for number in range(4)]


def test_without_an_index_all_documents_are_new() -> None:
    diff = CorpusDiff(Segments([], []))
    assert diff.find_new(DOCUMENTS) == DOCUMENTS
    assert diff.removed.tolist() == []
    assert diff.changes == Changes(added=4)
    assert diff.changes.total == 4


@pytest.mark.parametrize("whole", [True, False])
def test_documents_are_compared_by_their_contents(index: Path, encoder: Any, whole: bool) -> None:
    ct.remove(index, ["d1"])
    with ct.Searcher.open(index, encoder=encoder) as searcher:
        segments = searcher.segments
        known = {one.id: one for one in segments.read_documents(segments.live_docs.nonzero()[0])}
        edited = ct.Document("d0", "", "Another text.")
        diff = CorpusDiff(segments, whole=whole)
        new = diff.find_new([edited, known["d2"]])
        new += diff.find_new([known["d3"], ct.Document("d1", "", "It is back.")])
        removed = {one.id for one in segments.read_documents(diff.removed)}
    assert [one.id for one in new] == ["d0", "d1"]
    others = {*known} - {"d2", "d3"}
    assert removed == (others if whole else {"d0"})
    left = 0 if whole else len(others) - 1
    expected = Changes(added=1, changed=1, removed=len(others) - 1 - left, unchanged=2 + left)
    assert diff.changes == expected
