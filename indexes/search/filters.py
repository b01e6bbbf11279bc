"""Filters: which documents may be found, by their metadata.

A filter maps fields to conditions, all of which must hold. A condition is a value that the field
must have, a list of values of which it must have one, or a range, ``{"gte": 2020, "lt": 2024}``. A
field that holds a list has each of its values; ``author.name`` is a field inside a field. Numbers
compare with numbers and text with text, by the order of its characters (so do ISO 8601 dates).
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple

from corpus_tuner.indexes.errors import SearchIndexError

Filter = Mapping[str, Any]

FIELD = r"^[^\".\x00-\x1f\x7f]+(\.[^\".\x00-\x1f\x7f]+)*$"
"""A regular expression that names of fields match: names joined by dots, without quotes in them."""
MAX_CONDITIONS = 32
MAX_VALUES = 1_000
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_SIGNS = {symbol: name for name, symbol in _COMPARISONS.items()}
_TYPED = re.compile(
    r"(?P<field>[^<>=]*[^<>=\s!]\s*)(?P<sign>!=|>=|<=|>|<|=)(?P<value>.*\S.*)", re.DOTALL
)


class Condition(NamedTuple):
    """An SQL condition on the table ``documents``, and the values that it is bound to.

    Conditions that are alike are equal, and have the same hash.
    """

    where: str
    bound: tuple[Any, ...]


def compile_filter(filter: Filter) -> Condition:
    """Turn a filter into SQL.

    Raises
    ------
    SearchIndexError
        If it is no filter; the message names the field.

    Examples
    --------
    >>> compile_filter({"year": {"gte": 2020}}) == compile_filter({"year": {"gte": 2020}})
    True
    """
    if not isinstance(filter, Mapping):
        raise SearchIndexError(f"a filter maps fields to conditions, and this is {filter!r}")
    if len(filter) > MAX_CONDITIONS:
        raise SearchIndexError(f"a filter has at most {MAX_CONDITIONS} conditions")
    conditions = [_condition(field, condition) for field, condition in filter.items()]
    where = " AND ".join(condition.where for condition in conditions) or "1"
    return Condition(where, tuple(value for condition in conditions for value in condition.bound))


def has_field(field: str) -> Condition:
    """Return the condition that a document has a field, whatever its value.

    Raises
    ------
    SearchIndexError
        If it is no name of a field.

    Examples
    --------
    >>> has_field("author.name").bound
    ('$."author"."name"',)
    """
    return Condition("json_type(documents.metadata, ?) IS NOT NULL", (_path(field),))


def parse_filters(texts: Sequence[str]) -> dict[str, Any]:
    """Read filters as people type them.

    Parameters
    ----------
    texts
        ``field=value``, ``field=one,other``, ``field>=2020`` (also ``>``, ``<=``, ``<``). What
        reads as a JSON number, ``true``, ``false`` or quoted text is that, all else is text.

    Raises
    ------
    SearchIndexError
        If one is neither.

    Examples
    --------
    >>> parse_filters(["year>=2020", "year<2024", "language=de,en"])
    {'year': {'gte': 2020, 'lt': 2024}, 'language': ['de', 'en']}
    """
    read: dict[str, Any] = {}
    for text in texts:
        parts = _TYPED.fullmatch(text)
        if parts is None:
            raise SearchIndexError(f"the filter {text!r} is not like field=value or field>=value")
        field, sign, value = parts["field"].strip(), parts["sign"], parts["value"].strip()
        if sign == "!=":
            raise SearchIndexError(
                f"the filter {text!r} has !=, which there is not: list the values that may be, "
                "field=one,other, or give a range"
            )
        if sign in _SIGNS:
            bounds = read.setdefault(field, {})
            if not isinstance(bounds, dict):
                raise SearchIndexError(f"the filter field {field!r} has a value and a range")
            bounds[_SIGNS[sign]] = _value(value)
        elif field in read:
            raise SearchIndexError(f"the filter field {field!r} is there twice: list its values")
        else:
            values = [_value(part) for part in value.split(",")]
            read[field] = values if len(values) > 1 else values[0]
    return read


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str | int | float | bool) else text


def _path(field: str) -> str:
    """Return the JSON path of a field."""
    if not isinstance(field, str) or not re.fullmatch(FIELD, field) or not _is_text(field):
        raise SearchIndexError(f"a filter's field is a name, not {field!r}")
    return "$" + "".join(f'."{part}"' for part in field.split("."))


def _condition(field: str, condition: Any) -> Condition:
    """Return the SQL of one condition."""
    path = _path(field)
    if isinstance(condition, Mapping):
        for sign in condition:
            if sign not in _COMPARISONS:
                known = ", ".join(_COMPARISONS)
                raise SearchIndexError(
                    f"the filter's range for {field!r} has {sign!r}: there are {known}"
                )
        tests = [_comparison(field, sign, value) for sign, value in condition.items()]
        if not tests:
            raise SearchIndexError(f"the filter's range for {field!r} is empty")
        test = Condition(
            " AND ".join(test.where for test in tests),
            tuple(value for test in tests for value in test.bound),
        )
    else:
        values = list(condition) if isinstance(condition, list | tuple) else [condition]
        if len(values) > MAX_VALUES:
            raise SearchIndexError(f"the filter for {field!r} has more than {MAX_VALUES} values")
        tests = [_equality(field, value) for value in values]
        test = Condition(
            f"({' OR '.join(test.where for test in tests) or '0'})",
            tuple(value for test in tests for value in test.bound),
        )
    # A scalar is walked as itself, a list as its values; a missing field has none.
    plain = "json_type(documents.metadata, ?) != 'object'"
    walk = "SELECT 1 FROM json_each(documents.metadata, ?) AS field"
    return Condition(f"({plain} AND EXISTS ({walk} WHERE {test.where}))", (path, path, *test.bound))


def _equality(field: str, value: Any) -> Condition:
    if isinstance(value, bool):
        return Condition("field.type = ?", ("true" if value else "false",))
    return _comparison(field, "", value)


def _comparison(field: str, sign: str, value: Any) -> Condition:
    """Return the SQL that compares with one value of its own type; without a sign for equality."""
    types = "('text')" if isinstance(value, str) else "('integer', 'real')"
    test = f"(field.type IN {types} AND field.atom {_COMPARISONS.get(sign, '=')} ?)"
    if isinstance(value, str) and _is_text(value):
        return Condition(test, (value,))
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):
            # SQLite's whole numbers have 64 bits.
            number = value if abs(value) < 2**63 and isinstance(value, int) else float(value)
            if isfinite(number):
                return Condition(test, (number,))
    raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r:.40}")


def _is_text(value: str) -> bool:
    """Tell whether this can be written as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in value)
