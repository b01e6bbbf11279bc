"""Filters: which documents may be found, by their metadata.

A filter maps fields to conditions, all of which must hold. A condition is a value that the field
must have, a list of values of which it must have one, or a range, ``{"gte": 2020, "lt": 2024}``. A
field that holds a list has each of its values; ``author.name`` is a field inside a field. Numbers
compare with numbers and text with text, by the order of its characters (so do ISO 8601 dates).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from indexes.errors import SearchIndexError

Filter = Mapping[str, Any]

_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_MAX_CONDITIONS = 32
_MAX_VALUES = 1_000


class Query(NamedTuple):
    """An SQL condition on the table ``documents``, and the values that it is bound to."""

    where: str
    bound: list[Any]


def as_sql(filter: Filter) -> Query:
    """Turn a filter into SQL.

    Raises
    ------
    SearchIndexError
        If it is no filter; the message names the field.
    """
    if not isinstance(filter, Mapping):
        raise SearchIndexError(f"a filter maps fields to conditions, and this is {filter!r}")
    if len(filter) > _MAX_CONDITIONS:
        raise SearchIndexError(f"a filter has at most {_MAX_CONDITIONS} conditions")
    conditions = [_condition(field, condition) for field, condition in filter.items()]
    where = " AND ".join(condition.where for condition in conditions) or "1"
    return Query(where, [value for condition in conditions for value in condition.bound])


def parse_filters(told: Sequence[str]) -> dict[str, Any]:
    """Read filters as people type them.

    Parameters
    ----------
    told
        ``field=value``, ``field=one,other``, ``field>=2020`` (also ``>``, ``<=``, ``<``). What
        reads as a JSON number, ``true``, ``false`` or quoted text is that, all else is text.

    Raises
    ------
    SearchIndexError
        If one is neither.
    """
    read: dict[str, Any] = {}
    signs = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
    for each in told:
        place = next((at for at, character in enumerate(each) if character in "<>="), 0)
        sign = each[place : place + 2] if each[place : place + 2] in signs else each[place:][:1]
        field, value = each[:place].strip(), each[place + len(sign) :].strip()
        if not field or not value:
            raise SearchIndexError(f"the filter {each!r} is not like field=value or field>=value")
        if sign in signs:
            bounds = read.setdefault(field, {})
            if not isinstance(bounds, dict):
                raise SearchIndexError(f"the filter field {field!r} has a value and a range")
            bounds[signs[sign]] = _value(value)
        elif field in read:
            raise SearchIndexError(f"the filter field {field!r} is there twice: list its values")
        else:
            values = [_value(part) for part in value.split(",")]
            read[field] = values if len(values) > 1 else values[0]
    return read


def _value(told: str) -> Any:
    try:
        value = json.loads(told)
    except ValueError:
        return told
    return value if isinstance(value, str | int | float | bool) else told


def _condition(field: str, condition: Any) -> Query:
    """Return the SQL of one condition."""
    parts = field.split(".") if isinstance(field, str) else [""]
    if not all(part and part.isprintable() and '"' not in part for part in parts):
        raise SearchIndexError(f"a filter's field is a name, not {field!r}")
    path = "$" + "".join(f'."{part}"' for part in parts)
    if isinstance(condition, Mapping):
        tests = [_comparison(field, sign, value) for sign, value in condition.items()]
        if not tests:
            raise SearchIndexError(f"the filter's range for {field!r} is empty")
        test = Query(
            " AND ".join(each.where for each in tests),
            [value for each in tests for value in each.bound],
        )
    else:
        values = list(condition) if isinstance(condition, list | tuple) else [condition]
        if len(values) > _MAX_VALUES:
            raise SearchIndexError(f"the filter for {field!r} has more than {_MAX_VALUES} values")
        some = [_equality(field, value) for value in values]
        test = Query(
            f"({' OR '.join(each.where for each in some) or '0'})",
            [value for each in some for value in each.bound],
        )
    # A scalar is walked as itself, a list as its values; a missing field has none.
    plain = "json_type(documents.metadata, ?) != 'object'"
    walk = "SELECT 1 FROM json_each(documents.metadata, ?) AS field"
    return Query(f"({plain} AND EXISTS ({walk} WHERE {test.where}))", [path, path, *test.bound])


def _equality(field: str, value: Any) -> Query:
    if isinstance(value, bool):
        return Query("field.type = ?", ["true" if value else "false"])
    if isinstance(value, int | float) and abs(value) < 2**63:
        return Query("(field.type IN ('integer', 'real') AND field.atom = ?)", [value])
    if isinstance(value, str):
        return Query("(field.type = 'text' AND field.atom = ?)", [value])
    raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r}")


def _comparison(field: str, sign: str, value: Any) -> Query:
    if sign not in _COMPARISONS:
        known = ", ".join(_COMPARISONS)
        raise SearchIndexError(f"the filter's range for {field!r} has {sign!r}: there are {known}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r}")
    if not isinstance(value, str) and not abs(value) < 2**63:
        raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r}")
    types = "('text')" if isinstance(value, str) else "('integer', 'real')"
    return Query(f"(field.type IN {types} AND field.atom {_COMPARISONS[sign]} ?)", [value])
