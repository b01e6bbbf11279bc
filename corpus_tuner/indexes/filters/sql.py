"""Conditions as SQL on the table of documents that a segment has."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from corpus_tuner.indexes.filters.conditions import (
    COMPARISONS,
    Comparison,
    Condition,
    Every,
    Exists,
    Has,
    Not,
    Scalar,
    Some,
    compute_limits,
)
from corpus_tuner.indexes.filters.dates import get_nearby_days, parse_start
from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, LANGUAGE_COUNT, normalize_id

_NUMBERS = "('integer', 'real')"
_COLUMNS = {
    "text": "field.type = 'text' AND field.atom",
    "number": f"field.type IN {_NUMBERS} AND field.atom",
    "boolean": "field.type",
}


_LANGUAGES = (
    f"SELECT 1 FROM (SELECT substr(key, {len(LANGUAGE_COUNT) + 1}) AS atom, 'text' AS type "
    f"FROM json_each(documents.counts) WHERE key LIKE '{LANGUAGE_COUNT}%') AS field"
)


class Sql(NamedTuple):
    """An SQL condition on the table ``documents``, and the values that it is bound to."""

    where: str
    bound: tuple[Any, ...] = ()


def _parse_instant(value: Any) -> str | None:
    """Return the key of a date; SQLite may ask for values that a condition leaves out."""
    return parse_start(value) if isinstance(value, str) else None


FUNCTIONS: Mapping[str, Callable[[Any], str | None]] = {
    "instant": _parse_instant,
    "nfc": normalize_id,
}
"""Functions of one value that conditions call; a connection must have them."""


def convert_to_sql(condition: Condition) -> Sql:
    """Return a condition as SQL.

    Examples
    --------
    >>> convert_to_sql(Exists("id"))
    Sql(where='1', bound=())
    """
    match condition:
        case Has(field, tests):
            return _convert_has(field, tests)
        case Exists(field):
            return _convert_exists(field)
        case Not(inner):
            negated = convert_to_sql(inner)
            return negated._replace(where=f"NOT ({negated.where})")
        case Every(conditions):
            return _join([convert_to_sql(inner) for inner in conditions], "AND")
        case Some(conditions):
            return _join([convert_to_sql(inner) for inner in conditions], "OR")


def _join(parts: Sequence[Sql], word: str) -> Sql:
    where = f" {word} ".join(f"({part.where})" for part in parts)
    bound = tuple(value for part in parts for value in part.bound)
    return Sql(where or ("1" if word == "AND" else "0"), bound)


def _convert_test(test: Comparison) -> Sql:
    """Return the condition on one value of a field."""
    if test.type == "date":
        return _convert_date_test(test)
    if not test.values:
        return Sql("0")
    column = _COLUMNS[test.type]
    if test.operator == "in":
        # SQLite makes a sorted table of the list once; a chain of OR would be too deep for it.
        return Sql(f"{column} IN (SELECT value FROM json_each(?))", (_dump_values(test.values),))
    (value,) = test.values
    if test.operator == "prefix":
        part = "field.type = 'text' AND substr(field.atom, 1, ?) = ?"
        return Sql(part, (len(str(value)), value))
    return Sql(f"{column} {COMPARISONS[test.operator]} ?", (value,))


def _convert_date_test(test: Comparison) -> Sql:
    """Return the condition on one value of a field that it compares so with dates."""
    if test.operator == "valid":
        return Sql("field.type = 'text' AND instant(field.atom) IS NOT NULL")
    ranges = compute_limits(test)
    if len(ranges) > 1:
        starts, ends = "json_extract(period.value, '$[0]')", "json_extract(period.value, '$[1]')"
        within = f"instant(field.atom) >= {starts} AND instant(field.atom) < {ends}"
        every = f"EXISTS (SELECT 1 FROM json_each(?) AS period WHERE {within})"
        return Sql(f"field.type = 'text' AND {every}", (json.dumps(ranges),))
    ((since, before),) = ranges
    parts = [_compare_since(since)] if since is not None else []
    if before is not None:
        later = _compare_since(before)
        parts.append(later._replace(where=f"NOT ({later.where})"))
    both = _join(parts, "AND")
    return both._replace(where=f"field.type = 'text' AND ({both.where})")


def _compare_since(key: str) -> Sql:
    """Return the condition on a date that it is not before an instant.

    The text decides most dates; only those of nearby days are read.
    """
    first, last = get_nearby_days(key)
    decided = "WHEN field.atom < ? THEN 0 WHEN field.atom >= ? THEN 1"
    return Sql(f"CASE {decided} ELSE instant(field.atom) >= ? END", (first, last, key))


def _convert_has(field: str, tests: Sequence[Comparison]) -> Sql:
    """Return the condition on documents that one value of a field passes all tests."""
    if field == ID:
        return _convert_has_id(tests)
    test = _join([_convert_test(each) for each in tests], "AND")
    if field == LANGUAGE:
        return test._replace(where=f"EXISTS ({_LANGUAGES} WHERE {test.where})")
    # A scalar is looked at as itself, a list as its values. Only json_each parses metadata anew for
    # every document and condition, so it is used for lists only.
    type_ = "json_type(documents.metadata, ?)"
    scalar = f"SELECT {type_} AS type, json_extract(documents.metadata, ?) AS atom"
    values = f"SELECT type, atom FROM json_each(documents.metadata, ?) WHERE {type_} = 'array'"
    walk = f"SELECT 1 FROM ({scalar} UNION ALL {values}) AS field"
    return Sql(f"EXISTS ({walk} WHERE {test.where})", (*[_make_path(field)] * 4, *test.bound))


def _convert_has_id(tests: Sequence[Comparison]) -> Sql:
    """Return the condition on documents that their ids pass all tests, however they are encoded."""
    plain = all(str(value).isascii() for test in tests for value in test.values)
    if not plain:
        tests = [
            replace(test, values=tuple(normalize_id(str(value)) for value in test.values))
            for test in tests
        ]
    test = _join([_convert_test(each) for each in tests], "AND")
    atom = "documents.id" if plain else "nfc(documents.id)"
    walk = f"SELECT 1 FROM (SELECT {atom} AS atom, 'text' AS type) AS field"
    return test._replace(where=f"EXISTS ({walk} WHERE {test.where})")


def _convert_exists(field: str) -> Sql:
    """Return the condition on documents that a field is there."""
    if field == ID:
        return Sql("1")
    if field == LANGUAGE:
        return Sql(f"EXISTS ({_LANGUAGES})")
    path = _make_path(field)
    is_object = "coalesce(json_type(documents.metadata, ?) = 'object', 0)"
    walk = "SELECT 1 FROM json_each(documents.metadata, ?) WHERE type != 'null'"
    return Sql(f"{is_object} OR EXISTS ({walk})", (path, path))


def _dump_values(values: Sequence[Scalar]) -> str:
    """Return a list as JSON, truths by the names that SQLite has for them as types."""
    named = [str(value).lower() if isinstance(value, bool) else value for value in values]
    return json.dumps(named, ensure_ascii=False)


def _make_path(field: str) -> str:
    """Return the JSON path of a field."""
    return "$" + "".join(f'."{part}"' for part in field.split("."))
