"""Filters compared with the fields of an index: mistakes are refused, and types are decided."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.conditions import (
    COMPARISONS,
    Comparison,
    Condition,
    Every,
    Exists,
    Has,
    Not,
    Some,
    get_type,
    make_in_condition,
)
from corpus_tuner.indexes.filters.dates import is_year, parse_period
from corpus_tuner.indexes.filters.fields import ID, Field, Fields

_MOST_NAMED = 12  # fields
_VALID_DATE = Comparison("valid", "date", ())


def resolve(condition: Condition, fields: Fields) -> Condition:
    """Return a filter with the types that the fields of an index have.

    Text that a filter compares with is a date where the field has dates (a bare year only where it
    has no other text), and the number or truth that it reads as where the field has no text.

    Raises
    ------
    SearchIndexError
        If there is no such field, or it never has values of this type; the message names the fields
        that there are, those first whose names are alike.

    Examples
    --------
    >>> from corpus_tuner.indexes.filters import compile_filter
    >>> from corpus_tuner.indexes.filters.fields import Field
    >>> resolve(compile_filter({"year": {"gt": "1850"}}), {"year": Field(3, {"number": 3})})
    Has(field='year', tests=(Comparison(operator='gt', type='number', values=(1850,)),))
    """
    if ID in fields and not fields[ID].documents:
        return condition  # an empty index knows no fields
    match condition:
        case Has(field, tests):
            return _resolve_tests(field, tests, _get_field(field, fields), fields)
        case Exists(field):
            _get_field(field, fields)
            return condition
        case Not(inner):
            return Not(resolve(inner, fields))
        case Every(conditions):
            return Every(tuple(resolve(inner, fields) for inner in conditions))
        case Some(conditions):
            return Some(tuple(resolve(inner, fields) for inner in conditions))


def are_dates(text: str, field: Field) -> bool:
    """Tell whether text that a field is compared with is a date there."""
    return (
        "date" in field.types
        and parse_period(text) is not None
        and not (is_year(text) and "text" in field.types)
    )


def _is_full_date(value: object) -> bool:
    """Tell whether a value is a date without a doubt: text with more than a year."""
    return isinstance(value, str) and parse_period(value) is not None and not is_year(value)


def _resolve_tests(
    name: str, tests: Sequence[Comparison], field: Field, fields: Fields
) -> Condition:
    """Return the condition that one value of a field passes some tests."""
    found: list[Comparison] = []
    if _are_years(tests, field):
        numbers = Has(name, tuple(tests))
        years = [replace(test, type="text", values=(str(test.values[0]),)) for test in tests]
        return Some((numbers, _resolve_tests(name, years, field, fields)))
    for test in tests:
        if test.operator == "in":  # the only one, and of values that may be of several types
            return _resolve_values(name, test, field, fields)
        read = _convert_to_type(test.values[0], test, field)
        if test.operator in COMPARISONS and isinstance(read, str) and are_dates(read, field):
            found += [Comparison(test.operator, "date", (read,)), *_exclude_invalid(field)]
            continue
        _check(name, read, field, fields)
        if test.operator in COMPARISONS and _is_full_date(read):
            raise SearchIndexError(
                f"the filter compares the field {name!r} with the date {read}, and it has text but "
                "no dates: only dates in ISO 8601, such as 2020-01-31, are compared as dates"
            )
        found.append(Comparison(test.operator, get_type(read), (read,)))
    return Has(name, tuple(dict.fromkeys(found)))


def _are_years(tests: Sequence[Comparison], field: Field) -> bool:
    """Tell whether a field has dates and numbers, and both can be compared with some years."""
    values = [test.values[0] for test in tests if test.operator in COMPARISONS]
    return (
        len(values) == len(tests)
        and "number" in field.types
        and all(get_type(value) == "number" and are_dates(str(value), field) for value in values)
    )


def _resolve_values(name: str, test: Comparison, field: Field, fields: Fields) -> Condition:
    """Return the condition that a field has one of some values."""
    values = [_convert_to_type(value, test, field) for value in test.values]
    for value in values:
        _check(name, value, field, fields)
    dates = tuple(one for one in values if isinstance(one, str) and are_dates(one, field))
    if not dates:
        return make_in_condition(name, values)
    others = [value for value in values if value not in dates]
    of_dates = Has(name, (Comparison("in", "date", dates), *_exclude_invalid(field)))
    return Some((of_dates, make_in_condition(name, others))) if others else of_dates


def _exclude_invalid(field: Field) -> list[Comparison]:
    """Return what leaves out the text of a field that is no date, where it has some."""
    return [_VALID_DATE] if "text" in field.types else []


def _convert_to_type(value: Any, test: Comparison, field: Field) -> Any:
    """Return a value of the type that a field has: what a text reads as, where it has no text."""
    if get_type(value) == "number" and "number" not in field.types and are_dates(str(value), field):
        return str(value)
    if not isinstance(value, str) or test.operator == "prefix" or _has_type(field, "text"):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_scalar = isinstance(read, bool | int | float)
    return read if is_scalar and _has_type(field, get_type(read)) else value


def _has_type(field: Field, type_: str) -> bool:
    """Tell whether a field has values of a type; dates are text."""
    return type_ in field.types or (type_ == "text" and "date" in field.types)


def _get_field(name: str, fields: Fields) -> Field:
    if name not in fields:
        raise SearchIndexError(
            f"no document has the field {name!r:.80}: {_list_fields(name, fields)}"
        )
    return fields[name]


def _check(name: str, value: Any, field: Field, fields: Fields) -> None:
    """Refuse a value of a type that a field never has."""
    type_ = get_type(value)
    if _has_type(field, type_):
        return
    inside = [other for other in fields if other.startswith(f"{name}.")]
    remedy = ""
    if inside:
        remedy = f"; it has the fields {', '.join(inside[:_MOST_NAMED])}"
    elif type_ == "number" and _has_type(field, "text"):
        remedy = (
            f"; {explain_number_columns(name)}, or compare it with text, {json.dumps(str(value))}"
        )
    raise SearchIndexError(
        f"the filter compares the field {name!r} with {type_}, {json.dumps(value):.80}, and it has "
        f"only {' and '.join(field.types)}{remedy}"
    )


def explain_number_columns(name: str) -> str:
    """Return how a column of text becomes numbers, for messages.

    Examples
    --------
    >>> explain_number_columns("price")
    "build the index with --set 'corpus.types={price: number}' to read a column as numbers"
    """
    return (
        f"build the index with --set 'corpus.types={{{name}: number}}' to read a column as numbers"
    )


def _list_fields(field: str, fields: Fields) -> str:
    """Name the fields of an index, those first that may have been meant."""
    close = get_close_matches(field, fields, n=3)
    said = f"did you mean {_format_fields(close, fields, ' or ')}? " if close else ""
    others = [name for name in fields if name not in close]
    left = len(others) - _MOST_NAMED
    more = f" and {left:,} more, which corpus-tuner info lists" if left > 0 else ""
    also = "also " if close else ""
    listed = (
        f"there are {also}{_format_fields(others[:_MOST_NAMED], fields)}{more}" if others else ""
    )
    return f"{said}{listed}".strip()


def _format_fields(names: Iterable[str], fields: Fields, between: str = ", ") -> str:
    return between.join(f"{name} ({', '.join(fields[name].types)})" for name in names)
