"""Conditions as Qdrant's filters, which let through the same documents.

Qdrant compares numbers by their order, and text only for being equal. Where a filter asks for the
order of text, or for dates, the texts that the field has are fetched, compared here, and asked for
by name.
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
from corpus_tuner.indexes.qdrant.engine import QdrantFilter
from corpus_tuner.indexes.qdrant.layout import FIELDS, TRUTHS, key_of

MOST_TEXTS = 10_000
"""So many different texts of a field can be compared by their order."""
Texts = Callable[[str, int], Sequence[str]]
"""Returns the different texts that documents have for a key, at most so many."""

_EXACT = 2**53  # whole numbers up to this are what they are in double precision
_SIGNS: dict[str, Callable[[str, str], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_NOTHING: QdrantFilter = {"must": [{"has_id": []}]}
_EVERYTHING: QdrantFilter = {"must_not": [{"has_id": []}]}


def as_filter(condition: Condition, texts: Texts) -> QdrantFilter:
    """Return a condition as Qdrant's JSON has it.

    Parameters
    ----------
    condition
        It.
    texts
        Looks up the texts of a field.

    Raises
    ------
    SearchIndexError
        If Qdrant cannot answer it: whole numbers beyond 2**53, or the order of text in a field that
        has more than `MOST_TEXTS` different ones.

    Examples
    --------
    >>> from corpus_tuner.indexes.filters import compile_filter
    >>> as_filter(compile_filter({"year": {"gte": 2020}}), lambda key, most: [])
    {'should': [{'key': 'metadata."year"', 'range': {'gte': 2020.0}}]}
    """
    match condition:
        case Has(field, tests):
            return _has(field, tests, texts)
        case Exists(field):
            return _EVERYTHING if field == ID else {"must": [_named(FIELDS, field)]}
        case Not(inner):
            return {"must_not": [as_filter(inner, texts)]}
        case Every(conditions):
            parts = [as_filter(one, texts) for one in conditions]
            return {"must": parts} if parts else _EVERYTHING
        case Some(conditions):
            return {"should": [as_filter(one, texts) for one in conditions]}


def _has(field: str, tests: Sequence[Comparison], texts: Texts) -> QdrantFilter:
    """Return the filter of documents of which one value of a field passes all tests."""
    types = {"text" if test.type == "date" else test.type for test in tests}
    if len(types) > 1 or types == {""}:
        return _NOTHING
    key = key_of(field)
    if types == {"boolean"}:
        (test,) = tests
        return {"should": [_named(TRUTHS[bool(value)], field) for value in test.values]}
    if types == {"number"}:
        return {"should": [{"key": key, "range": own} for own in _ranges(field, tests)]}
    (first, *others) = tests
    if not others and first.type == "text":
        values = [one for value in first.values for one in _spelled(field, str(value))]
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


def _named(key: str, field: str) -> QdrantFilter:
    """Return the filter of documents that name a field in a key; see `layout.fields_of`."""
    return {"key": key, "match": {"value": field}}


def _ranges(field: str, tests: Sequence[Comparison]) -> list[dict[str, float]]:
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
        return _date_passes(text, test)
    values = [str(value) for value in test.values]
    if field == ID:
        text, values = normalize_id(text), [normalize_id(value) for value in values]
    if test.operator == "in":
        return text in values
    (value,) = values
    if test.operator == "prefix":
        return text.startswith(value)
    return _SIGNS[test.operator](text, value)


def _date_passes(text: str, test: Comparison) -> bool:
    """Tell whether a text is a date that passes a test."""
    start = parse_start(text)
    if start is None:
        return False
    return test.operator == "valid" or any(
        (since is None or start >= since) and (before is None or start < before)
        for since, before in compute_limits(test)
    )


def _spelled(field: str, value: str) -> list[str]:
    """Return the texts that count as a value: of ids all that are canonically equivalent."""
    return list_normal_forms(value) if field == ID else [value]
