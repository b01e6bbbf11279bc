"""Which segments are merged: the small ones, where there are many."""

from corpus_tuner.building.merge import LARGE, MOST_SEGMENTS, find_due_segments
from corpus_tuner.indexes.store.manifest import Manifest, SegmentEntry


def manifest(sizes: list[int]) -> Manifest:
    entries = [
        SegmentEntry(
            name=f"{number:06}",
            documents=size,
            live_documents=size,
            rows={},
            files={},
            counts={},
            digest="",
        )
        for number, size in enumerate(sizes, 1)
    ]
    return Manifest.model_construct(None, segments=tuple(entries))  # type: ignore[call-arg]


def test_large_segments_stay_however_many_there_are() -> None:
    assert find_due_segments(manifest([LARGE] * 100)) == []
    assert find_due_segments(manifest([LARGE] * 100 + [1] * MOST_SEGMENTS)) == []
    merged = find_due_segments(manifest([LARGE] * 100 + [1] * (MOST_SEGMENTS + 1)))
    assert {entry.live_documents for entry in merged} == {1}
    assert len(find_due_segments(manifest([LARGE - 1] * 9))) > 1
