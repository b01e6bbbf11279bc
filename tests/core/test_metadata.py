"""Metadata as values that JSON can represent."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner import Corpus, Document
from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.corpora import CorpusSettings


def test_metadata_in_memory_is_what_json_can_hold() -> None:
    endless: list[object] = []
    endless.append(endless)
    day = date(2026, 3, 1)
    documents: list[Document | dict[str, Any]] = [
        Document("good", "", "A mill.", {"day": day, "deep": {"a": [day]}}),
        Document("nan", "", "A mill.", {"price": float("nan")}),
        {"_id": "endless", "text": "A mill.", "tree": endless},
        {"_id": "huge", "text": "A mill.", "price": 10**5000},
        {"_id": "nameless", "text": "A mill.", "metadata": {1: "one"}},
    ]
    corpus = Corpus(documents, CorpusSettings(on_bad_record="skip"))
    metadata = {"day": "2026-03-01", "deep": {"a": ["2026-03-01"]}}
    assert list(corpus) == [Document("good", "", "A mill.", metadata)]
    assert corpus.skipped == {
        "metadata: a number that is not finite": 2,
        "metadata: nested too deep": 1,
        "metadata: the name of a field is not text": 1,
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_values_of_json_are_unchanged(metadata: dict[str, Any]) -> None:
    converted = convert_metadata(metadata)
    assert converted == metadata
    assert json.loads(json.dumps(converted, allow_nan=False)) == metadata


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        ([1, {"net": float("inf")}], "a number that is not finite", "in 'price'"),
        (10**400, "a number that is not finite", "write null"),
        ({"note": "\ud83d"}, "not UTF-8", "in 'price'"),
        ({7: "x"}, "the name of a field is not text", "7"),
    ],
)
def test_a_value_that_json_lacks_is_refused(value: object, reason: str, detail: str) -> None:
    with pytest.raises(MetadataError) as raised:
        convert_metadata({"price": value})
    assert raised.value.reason == reason
    assert detail in raised.value.detail
