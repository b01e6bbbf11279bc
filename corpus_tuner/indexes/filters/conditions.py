"""Conditions: what a filter asks for, checked, in a form that every kind of index can read.

They are values: alike ones are equal, and have the same hash.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import NamedTuple

from corpus_tuner.core.arguments import is_utf8
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.dates import Period, parse_period

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
"""The operators of ranges, and their signs."""
Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one value of a field must be.

    Attributes
    ----------
    operator
        ``in``, one of `COMPARISONS`, ``prefix``, or ``valid``: it is of this type.
    type
        Type of the values that it is compared with: ``text``, ``number``, ``boolean``, or ``date``
        (`corpus_tuner.indexes.filters.dates`); a value of another type does not pass. Empty if it
        is compared with none.
    values
        Those of ``in``, none of ``valid``, else the one.
    """

    operator: str
    type: str
    values: tuple[Scalar, ...]


class Limits(NamedTuple):
    """A half-open range of instants, by keys of `dates`; ``None`` where it has no end."""

    since: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class Has:
    """One value of a field passes all tests."""

    field: str
    tests: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """A field is there, and not null or an empty list."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """What another condition does not let through."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """All conditions are true."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of the conditions is true."""

    conditions: tuple["Condition", ...]


Condition = Has | Exists | Not | Every | Some


def make_in_condition(field: str, values: Sequence[Scalar]) -> Condition:
    """Return the condition that a field has one of some values."""
    by_type: dict[str, list[Scalar]] = {}
    for value in values:
        own = convert_value(field, value)
        by_type.setdefault(get_type(own), []).append(own)
    tests = [Comparison("in", type_, tuple(own)) for type_, own in by_type.items()]
    every = [Has(field, (test,)) for test in tests or [Comparison("in", "", ())]]
    return every[0] if len(every) == 1 else Some(tuple(every))


def compute_limits(test: Comparison) -> list[Limits]:
    """Return the limits of which a date must be within one, for a test of dates.

    Examples
    --------
    >>> (limits,) = compute_limits(Comparison("gt", "date", ("2024-05",)))
    >>> limits.since == parse_period("2024-06").start, limits.before
    (True, None)
    """
    periods = [parse_period(str(value)) or Period("", "") for value in test.values]
    match test.operator:
        case "gte":
            return [Limits(start, None) for start, _ in periods]
        case "gt":
            return [Limits(end, None) for _, end in periods]
        case "lt":
            return [Limits(None, start) for start, _ in periods]
        case "lte":
            return [Limits(None, end) for _, end in periods]
        case _:
            return [Limits(start, end) for start, end in periods]


def get_type(value: object) -> str:
    """Return the type of a value, as `Field` has it.

    Examples
    --------
    >>> get_type(True), get_type(2.5), get_type("x")
    ('boolean', 'number', 'text')
    """
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def convert_value(field: str, value: object) -> Scalar:
    """Return a value that a field is compared with as SQLite has it, a date as ISO 8601 text.

    Raises
    ------
    SearchIndexError
        If it is none.
    """
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or (isinstance(value, str) and is_utf8(value)):
        return value
    if isinstance(value, int | float):
        with suppress(OverflowError):
            # SQLite's whole numbers have 64 bits.
            number = value if abs(value) < 2**63 and isinstance(value, int) else float(value)
            if isfinite(number):
                return number
    raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r:.40}")
