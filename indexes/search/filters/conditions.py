"""Conditions: what a filter asks for, as SQL on the table of documents."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple

from corpus_tuner.indexes.arguments import is_utf8
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.store.fields import ID

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
"""The operators of ranges, and their signs."""
Scalar = bool | int | float | str
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_NUMBERS = "('integer', 'real')"


class Use(NamedTuple):
    """What a filter asks of a field.

    Attributes
    ----------
    field
        Its name.
    type
        Of the value that it is compared with: ``text``, ``number`` or ``boolean``; empty if it is
        compared with none.
    value
        Such a value, as JSON.
    """

    field: str
    type: str = ""
    value: str = ""


class Condition(NamedTuple):
    """An SQL condition on the table ``documents``, the values that it is bound to, and its fields.

    Conditions that are alike are equal, and have the same hash.
    """

    where: str
    bound: tuple[Any, ...] = ()
    uses: tuple[Use, ...] = ()

    def negated(self) -> "Condition":
        """Return the condition that lets through what this one does not."""
        return self._replace(where=f"NOT ({self.where})")


def joined(conditions: Sequence[Condition], word: str) -> Condition:
    """Return the condition that all of some hold, ``AND``, or one of them, ``OR``."""
    where = f" {word} ".join(f"({condition.where})" for condition in conditions)
    return Condition(
        where or ("1" if word == "AND" else "0"),
        tuple(value for condition in conditions for value in condition.bound),
        tuple(dict.fromkeys(use for condition in conditions for use in condition.uses)),
    )


def one_of(field: str, values: Sequence[Scalar]) -> Condition:
    """Return the condition on one value of a field that it is one of these."""
    by_type: dict[str, list[Scalar]] = {}
    for value in values:
        by_type.setdefault(type_of(value), []).append(_storable(field, value))
    columns = {
        "text": "field.type = 'text' AND field.atom",
        "number": f"field.type IN {_NUMBERS} AND field.atom",
        "boolean": "field.type",
    }
    # SQLite makes a sorted table of the list once; a chain of OR would be too deep for it.
    tests = [
        Condition(f"{columns[type_]} IN (SELECT value FROM json_each(?))", (_as_json(own),))
        for type_, own in by_type.items()
    ]
    uses = tuple(Use(field, type_, json.dumps(own[0])) for type_, own in by_type.items())
    return joined(tests, "OR")._replace(uses=uses or (Use(field),))


def compared(field: str, operator: str, bound: Scalar) -> Condition:
    """Return the condition on one value of a field that it compares so with a bound."""
    value = _storable(field, bound)
    if isinstance(value, bool):
        raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r}")
    uses = (Use(field, type_of(value), json.dumps(value)),)
    sign = COMPARISONS[operator]
    if not isinstance(value, str):
        test = f"field.type IN {_NUMBERS} AND field.atom {sign} ?"
        return Condition(test, (value,), uses)
    if _DATE.fullmatch(value):
        # A day in May is neither after 2024-05 nor before it: compare as much as the bound says.
        test = f"field.type = 'text' AND substr(field.atom, 1, ?) {sign} ?"
        return Condition(test, (len(value), value), uses)
    return Condition(f"field.type = 'text' AND field.atom {sign} ?", (value,), uses)


def begins(field: str, prefix: Scalar) -> Condition:
    """Return the condition on one value of a field that it begins so."""
    value = _storable(field, prefix)
    if not isinstance(value, str) or not value:
        raise SearchIndexError(f"the filter's prefix for {field!r} must be text, not {value!r}")
    test = "field.type = 'text' AND substr(field.atom, 1, ?) = ?"
    return Condition(test, (len(value), value), (Use(field, "text", json.dumps(value)),))


def has_value(field: str, test: Condition) -> Condition:
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
    bound = (*[_path(field)] * 4, *test.bound)
    return test._replace(where=f"EXISTS ({walk} WHERE {test.where})", bound=bound)


def exists(field: str) -> Condition:
    """Return the condition on documents that a field is there, and not null or an empty list."""
    uses = (Use(field),)
    if field == ID:
        return Condition("1", (), uses)
    path = _path(field)
    is_object = "coalesce(json_type(documents.metadata, ?) = 'object', 0)"
    walk = "SELECT 1 FROM json_each(documents.metadata, ?) WHERE type != 'null'"
    return Condition(f"{is_object} OR EXISTS ({walk})", (path, path), uses)


def type_of(value: object) -> str:
    """Return the type of a value, as `Field` has it.

    Examples
    --------
    >>> type_of(True), type_of(2.5), type_of("x")
    ('boolean', 'number', 'text')
    """
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _storable(field: str, value: object) -> Scalar:
    """Return a value as SQLite has it."""
    if isinstance(value, bool) or (isinstance(value, str) and is_utf8(value)):
        return value
    if isinstance(value, int | float):
        with suppress(OverflowError):
            # SQLite's whole numbers have 64 bits.
            number = value if abs(value) < 2**63 and isinstance(value, int) else float(value)
            if isfinite(number):
                return number
    raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r:.40}")


def _as_json(values: Sequence[Scalar]) -> str:
    """Return a list as JSON, truths by the names that SQLite has for them as types."""
    named = [str(value).lower() if isinstance(value, bool) else value for value in values]
    return json.dumps(named, ensure_ascii=False)


def _path(field: str) -> str:
    """Return the JSON path of a field."""
    return "$" + "".join(f'."{part}"' for part in field.split("."))
