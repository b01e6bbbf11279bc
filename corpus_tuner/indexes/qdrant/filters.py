"""Conversion of conditions to filters of Qdrant, which pass the same documents.

Qdrant compares numbers by order, but text for equality only. For the order of text, and for dates,
the values of the field are fetched and compared here, and those that pass are listed in the filter.
"""

import operator
from collections.abc import Callable, Sequence

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.conditions import (
    Comparison,
    Condition,
    Every,
    Exists,
    Has,
    Not,
    Some,
    compute_limits,
)
from corpus_tuner.indexes.filters.dates import parse_start
from corpus_tuner.indexes.filters.fields import ID, list_normal_forms, normalize_id
from corpus_tuner.indexes.qdrant.collection import QdrantFilter
from corpus_tuner.indexes.qdrant.layout import FIELDS, TRUTHS, payload_key

MOST_TEXTS = 10_000
"""Greatest number of different texts of a field that can be compared by order."""
Texts = Callable[[str, int], Sequence[str]]
"""Returns different texts that documents have for a key, at most a number of them."""

_EXACT = 2**53  # whole numbers up to this are what they are in double precision
_SIGNS: dict[str, Callable[[str, str], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_NOTHING: QdrantFilter = {"must": [{"has_id": []}]}
_EVERYTHING: QdrantFilter = {"must_not": [{"has_id": []}]}


def convert_filter(condition: Condition, texts: Texts) -> QdrantFilter:
    """Return a condition as a filter of Qdrant, in JSON; `texts` returns the texts of a field.

    Raises
    ------
    SearchIndexError
        If Qdrant cannot answer it: whole numbers beyond 2**53, or the order of text in a field that
        has more than `MOST_TEXTS` different ones.

    Examples
    --------
    >>> from corpus_tuner.indexes.filters import compile_filter
    >>> convert_filter(compile_filter({"year": {"gte": 2020}}), lambda key, most: [])
    {'should': [{'key': 'metadata."year"', 'range': {'gte': 2020.0}}]}
    """
    match condition:
        case Has(field, tests):
            return _convert_has(field, tests, texts)
        case Exists(field):
            return _EVERYTHING if field == ID else {"must": [_match_field(FIELDS, field)]}
        case Not(inner):
            return {"must_not": [convert_filter(inner, texts)]}
        case Every(conditions):
            parts = [convert_filter(one, texts) for one in conditions]
            return {"must": parts} if parts else _EVERYTHING
        case Some(conditions):
            return {"should": [convert_filter(one, texts) for one in conditions]}


def _convert_has(field: str, tests: Sequence[Comparison], texts: Texts) -> QdrantFilter:
    """Return the filter of documents of which one value of a field passes all tests."""
    types = {"text" if test.type == "date" else test.type for test in tests}
    if len(types) > 1 or types == {""}:
        return _NOTHING
    key = payload_key(field)
    if types == {"boolean"}:
        (test,) = tests
        return {"should": [_match_field(TRUTHS[bool(value)], field) for value in test.values]}
    if types == {"number"}:
        return {"should": [{"key": key, "range": own} for own in _make_ranges(field, tests)]}
    (first, *others) = tests
    if not others and first.type == "text":
        values = [str(value) for value in first.values]
        if field == ID:  # of ids, all that are canonically equivalent
            values = [form for value in values for form in list_normal_forms(value)]
        if first.operator == "in":
            return {"must": [{"key": key, "match": {"any": values}}]}
        if first.operator == "prefix":
            return {"should": [{"key": key, "match": {"prefix": value}} for value in values]}
    known = texts(key, MOST_TEXTS + 1)
    if len(known) > MOST_TEXTS:
        raise SearchIndexError(
            f"the filter compares the field {field!r} by dates or the order of text, of which "
            f"Qdrant knows neither, and it has more than {MOST_TEXTS:,} different ones: keep dates "
            "as numbers, such as 20240131"
        )
    passing = [text for text in known if all(_passes(text, test, field) for test in tests)]
    return {"must": [{"key": key, "match": {"any": passing}}]} if passing else _NOTHING


def _match_field(key: str, field: str) -> QdrantFilter:
    """Return the filter of documents that name a field in a key; see `layout.list_fields`."""
    return {"key": key, "match": {"value": field}}


def _make_ranges(field: str, tests: Sequence[Comparison]) -> list[dict[str, float]]:
    """Return the ranges of which a number must be in one."""
    for test in tests:
        for value in test.values:
            if isinstance(value, int) and abs(value) > _EXACT:
                raise SearchIndexError(
                    f"the filter compares the field {field!r} with {value}: Qdrant compares whole "
                    "numbers up to 2**53, keep longer ones as text"
                )
    (first, *_) = tests
    if first.operator == "in":
        return [{"gte": float(value), "lte": float(value)} for value in first.values]
    return [{test.operator: float(test.values[0]) for test in tests}]


def _passes(text: str, test: Comparison, field: str) -> bool:
    """Tell whether a text passes a test, as `corpus_tuner.indexes.filters.sql` has it."""
    if test.type == "date":
        start = parse_start(text)
        return start is not None and (
            test.operator == "valid"
            or any(
                (since is None or start >= since) and (before is None or start < before)
                for since, before in compute_limits(test)
            )
        )
    values = [str(value) for value in test.values]
    if field == ID:
        text, values = normalize_id(text), [normalize_id(value) for value in values]
    if test.operator == "in":
        return text in values
    (value,) = values
    if test.operator == "prefix":
        return text.startswith(value)
    return _SIGNS[test.operator](text, value)
