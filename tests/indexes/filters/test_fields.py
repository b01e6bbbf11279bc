"""The fields of an index, counted."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Searcher, SearchIndexError, merge
from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.filters.fields import (
    Field,
    FieldCounts,
    compute_language_shares,
    get_language,
    list_normal_forms,
    normalize_id,
    sum_fields,
)
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segments import read_fields
from corpus_tuner.indexes.store.soft_delete import delete_documents
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.indexes.filters.oracle import Metadata, metadata
from tests.indexes.indexing import write_index


def test_the_fields_there_are(searcher: Searcher) -> None:
    assert searcher.fields == {
        "id": Field(60, {"text": 60}),
        "language": Field(60, {"text": 60}),
        "spoken": Field(60, {"boolean": 12, "object": 12, "text": 36}),
        "spoken.of": Field(12, {"text": 12}),
        "year": Field(60, {"date": 10, "null": 10, "number": 40}),
    }


def test_fields_of_documents_that_are_gone_go_with_a_merge(tmp_path: Path) -> None:
    index = tmp_path / "index"
    every: list[Metadata] = [
        {"a": [1, "x", 2], "a.b": 1, 'q"': 1, "or": 1},
        {"b": []},
        {"b": {"c": {"d": True}}},
    ]
    documents = [
        EncodedDocument(
            Document(f"d{number}", "", "text", one),
            [View(f"d{number}", "passage", "x")],
            np.eye(1, 3, dtype=np.float32),
        )
        for number, one in enumerate(every)
    ]
    before = read_fields(index, write_index(index, documents))
    assert {name: (field.documents, [*field.types]) for name, field in before.items()} == {
        "id": (3, ["text"]),
        "a": (1, ["number", "text"]),
        "b": (2, ["null", "object"]),
        "b.c": (1, ["object"]),
        "b.c.d": (1, ["boolean"]),
    }
    assert delete_documents(index, filter={"a": 2}).first == ["d0"]
    assert read_fields(index, read_manifest(index)) == before
    merge(index)
    assert {*read_fields(index, read_manifest(index))} == {"id", "b", "b.c", "b.c.d"}
    with pytest.raises(SearchIndexError, match="no document has the field 'a'"):
        delete_documents(index, filter={"not": {"a": 2}})
    assert read_manifest(index).documents == 2
    assert delete_documents(index, ["d1", "d2"]).matching == 2
    assert delete_documents(index, filter={"a": 2}).matching == 0  # an empty index knows no fields


def test_languages_are_counted_and_shared_out() -> None:
    counts = FieldCounts()
    counts.add({"language": "what the corpus says", "year": 1}, {"written": 2, "language: de": 1})
    counts.add({}, {"language: en": 1})
    counts.add({})
    assert counts.compute_fields() == {
        "language": Field(2, {"text": 2}),
        "year": Field(1, {"number": 1}),
    }
    assert get_language({"written": 2}) is None
    assert compute_language_shares({"written": 2}) == {}
    shares = compute_language_shares({"language: en": 1, "language: de": 1, "language: fr": 2})
    assert list(shares.items()) == [("fr", 0.5), ("de", 0.25), ("en", 0.25)]


@given(st.lists(metadata, max_size=5), st.integers(0, 5))
def test_fields_are_summed_over_segments(every: list[Metadata], first: int) -> None:
    whole, parts = FieldCounts(), [FieldCounts(), FieldCounts()]
    for number, one in enumerate(every):
        whole.add(one)
        parts[number < first].add(one)
    assert sum_fields(part.compute_fields() for part in parts) == whole.compute_fields()


@given(st.text(max_size=9))
def test_all_forms_of_an_id_have_one_normal_form(id_: str) -> None:
    forms = list_normal_forms(id_)
    assert forms[0] == id_
    assert {normalize_id(form) for form in forms} == {normalize_id(id_)}
    assert len(forms) == len({*forms})
