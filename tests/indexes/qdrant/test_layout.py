"""Numbers and keys of points."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from corpus_tuner.indexes.filters.fields import FieldCounts
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS
from corpus_tuner.indexes.qdrant.layout import (
    MANIFEST,
    hash_text,
    list_fields,
    number_terms,
    payload_key,
)
from tests.indexes.filters.oracle import Metadata, metadata


@given(st.text())
def test_documents_have_numbers_below_that_of_the_manifest(id_: str) -> None:
    assert 0 <= hash_text(id_) < MANIFEST
    assert np.int64(hash_text(id_)) == hash_text(id_)


def test_numbers_of_documents_never_change() -> None:
    assert hash_text("mill") == hash_text("mill") != hash_text("Mill")


def test_chunks_of_terms_have_numbers_of_their_own() -> None:
    numbers = [
        number_terms(ranker, kind, chunk)
        for ranker in LEXICAL_RANKERS
        for kind in ("keys", "frequencies")
        for chunk in (0, 1, 2**16)
    ]
    assert len({*numbers}) == len(numbers)
    assert MANIFEST < min(numbers) <= max(numbers) < 2**64


def test_ids_and_languages_are_no_metadata() -> None:
    assert [payload_key(field) for field in ("id", "language", "a b")] == [
        "id",
        "language",
        'metadata."a b"',
    ]


@given(metadata)
@example({"a": [[]]})
def test_fields_with_a_value_are_those_that_are_counted(one: Metadata) -> None:
    counts = FieldCounts()
    counts.add(one)
    having = {name for name, field in counts.compute_fields().items() if {*field.types} - {"null"}}
    assert {*list_fields(one)["fields"]} == having
