"""The documents that pass a filter, k where there are k."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus_tuner import Searcher
from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.filters import compile_filter
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.soft_delete import delete_documents
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.indexes.filters.oracle import (
    EVERY_TYPE,
    VALUES,
    Metadata,
    metadata,
    nested,
    open_segments,
    passes,
)
from tests.indexes.indexing import Table, write_index


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.lists(metadata, max_size=5), st.lists(nested, min_size=1, max_size=8))
@example([{"a": "2020"}], [{"a": {"lt": "2024-05"}}, {"a": "2020"}])
def test_the_same_documents_pass_as_by_hand(
    some: list[Metadata], filters: list[dict[str, Any]]
) -> None:
    every: list[Metadata] = [*some, EVERY_TYPE, {"a": VALUES}]  # so no type is a mistake
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_segments(Path(folder), every, 2)) as found,
    ):
        for filter in filters:
            expected = [n for n, one in enumerate(every) if passes(f"d{n}", one, filter)]
            assert found.find_matching(compile_filter(filter)).tolist() == expected, filter


searched = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from([2019, 2020, [2020, "2020"], {"gte": 2020.5}, {"ne": 2020}]),
        "spoken": st.sampled_from(["de", ["en", True], {"exists": True}]),
        "or": st.just([{"year": 2019}, {"spoken.of": "de"}]),
    },
)


@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(searched, st.sampled_from(["dense", "hybrid", "lexical"]), st.integers(1, 70))
@example({"year": {"gt": 2020.5}}, "dense", 1)
def test_filtered_search_is_search_then_filter(
    searcher: Searcher, filter: dict[str, Any], mode: Any, k: int
) -> None:
    query = "the river valley and the old mill"
    hits = searcher.search(query, 100, mode="dense" if mode == "hybrid" else mode)
    expected = [
        hit.document.id
        for hit in hits
        if passes(hit.document.id, dict(hit.document.metadata), filter)
    ]
    found = [hit.document.id for hit in searcher.search(query, k, mode=mode, filter=filter)]
    if mode == "hybrid":  # scores are scaled over what may be found, so the order may differ
        assert set(found) <= set(expected)
        assert len(found) == min(k, len(expected))
    else:
        assert found == expected[:k]


def test_ids_are_the_same_composed_and_decomposed(tmp_path: Path) -> None:
    composed, decomposed = "B\u00fccher/\u00fcber.txt", "Bu\u0308cher/u\u0308ber.txt"
    mixed = "B\u00fccher/u\u0308ber.txt"
    documents = [
        EncodedDocument(
            Document(id_, "", "text"), [View(id_, "passage", "x")], np.eye(1, 3, dtype=np.float32)
        )
        for id_ in (mixed, "other")
    ]
    index = tmp_path / "index"
    with closing(Segments.open(index, write_index(index, documents))) as segments:
        for spelling in (composed, decomposed, mixed):
            for condition in (spelling, [spelling, "no"], {"prefix": spelling[:-4]}):
                assert segments.find_matching(compile_filter({"id": condition})).tolist() == [0]
            assert segments.find_matching(compile_filter({"id": {"ne": spelling}})).tolist() == [1]
            assert segments.resolve_ids([spelling, "no"]) == {spelling: [0]}
    with Searcher.open(index, encoder=Table({})) as opened:
        for spelling in (composed, decomposed, mixed):
            found = opened.read_document(spelling)
            assert found
            assert found[0].id == mixed
    assert delete_documents(index, [decomposed]).first == [mixed]
