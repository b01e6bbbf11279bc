"""Conditions as SQL on the table of documents that a segment has."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from corpus_tuner.indexes.search.filters.conditions import (
    COMPARISONS,
    Comparison,
    Condition,
    Every,
    Exists,
    Has,
    Not,
    Scalar,
    Some,
)
from corpus_tuner.indexes.store.fields import ID

_NUMBERS = "('integer', 'real')"
_COLUMNS = {
    "text": "field.type = 'text' AND field.atom",
    "number": f"field.type IN {_NUMBERS} AND field.atom",
    "boolean": "field.type",
}


class Sql(NamedTuple):
    """An SQL condition on the table ``documents``, and the values that it is bound to."""

    where: str
    bound: tuple[Any, ...] = ()


def as_sql(condition: Condition) -> Sql:
    """Return a condition as SQL.

    Examples
    --------
    >>> as_sql(Exists("id"))
    Sql(where='1', bound=())
    """
    match condition:
        case Has(field, tests):
            return _has_value(field, _joined([_test(test) for test in tests], "AND"))
        case Exists(field):
            return _exists(field)
        case Not(inner):
            negated = as_sql(inner)
            return negated._replace(where=f"NOT ({negated.where})")
        case Every(conditions):
            return _joined([as_sql(inner) for inner in conditions], "AND")
        case Some(conditions):
            return _joined([as_sql(inner) for inner in conditions], "OR")


def _joined(parts: Sequence[Sql], word: str) -> Sql:
    where = f" {word} ".join(f"({part.where})" for part in parts)
    bound = tuple(value for part in parts for value in part.bound)
    return Sql(where or ("1" if word == "AND" else "0"), bound)


def _test(test: Comparison) -> Sql:
    """Return the condition on one value of a field."""
    if not test.values:
        return Sql("0")
    column = _COLUMNS[test.type]
    if test.operator == "in":
        # SQLite makes a sorted table of the list once; a chain of OR would be too deep for it.
        return Sql(f"{column} IN (SELECT value FROM json_each(?))", (_as_json(test.values),))
    sign = COMPARISONS.get(test.operator, "=")
    (value,) = test.values
    if test.compared is None:
        return Sql(f"{column} {sign} ?", (value,))
    part = f"field.type = 'text' AND substr(field.atom, 1, ?) {sign} ?"
    return Sql(part, (test.compared, value))


def _has_value(field: str, test: Sql) -> Sql:
    """Return the condition on documents that one value of a field passes a test."""
    if field == ID:
        walk = "SELECT 1 FROM (SELECT documents.id AS atom, 'text' AS type) AS field"
        return test._replace(where=f"EXISTS ({walk} WHERE {test.where})")
    # A scalar is looked at as itself, a list as its values. Only json_each parses metadata anew for
    # every document and condition, so it is kept for lists.
    type_ = "json_type(documents.metadata, ?)"
    scalar = f"SELECT {type_} AS type, json_extract(documents.metadata, ?) AS atom"
    values = f"SELECT type, atom FROM json_each(documents.metadata, ?) WHERE {type_} = 'array'"
    walk = f"SELECT 1 FROM ({scalar} UNION ALL {values}) AS field"
    return Sql(f"EXISTS ({walk} WHERE {test.where})", (*[_path(field)] * 4, *test.bound))


def _exists(field: str) -> Sql:
    """Return the condition on documents that a field is there."""
    if field == ID:
        return Sql("1")
    path = _path(field)
    is_object = "coalesce(json_type(documents.metadata, ?) = 'object', 0)"
    walk = "SELECT 1 FROM json_each(documents.metadata, ?) WHERE type != 'null'"
    return Sql(f"{is_object} OR EXISTS ({walk})", (path, path))


def _as_json(values: Sequence[Scalar]) -> str:
    """Return a list as JSON, truths by the names that SQLite has for them as types."""
    named = [str(value).lower() if isinstance(value, bool) else value for value in values]
    return json.dumps(named, ensure_ascii=False)


def _path(field: str) -> str:
    """Return the JSON path of a field."""
    return "$" + "".join(f'."{part}"' for part in field.split("."))
