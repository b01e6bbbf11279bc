"""Conditions: what a filter asks for, checked, in a form that every kind of index can read.

They are values: alike ones are equal, and have the same hash.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.arguments import is_utf8

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
"""The operators of ranges, and their signs."""
Scalar = bool | int | float | str
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one value of a field must be.

    Attributes
    ----------
    operator
        ``in``, one of `COMPARISONS`, or ``prefix``.
    type
        Of the values that it is compared with, as `type_of` has it; a value of another type does
        not pass. Empty where it is compared with none.
    values
        Those of ``in``, else the one.
    """

    operator: str
    type: str
    values: tuple[Scalar, ...]

    @property
    def compared(self) -> int | None:
        """How many characters of a text are compared; ``None`` for all.

        A day in May is neither after 2024-05 nor before it: as much counts as the bound says.
        """
        value = self.values[0] if self.values else ""
        is_part = self.operator == "prefix" or (
            self.operator in COMPARISONS and self.type == "text" and _DATE.fullmatch(str(value))
        )
        return len(str(value)) if is_part else None


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
    """All conditions hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of the conditions holds."""

    conditions: tuple["Condition", ...]


Condition = Has | Exists | Not | Every | Some


def uses_of(condition: Condition) -> Iterator[Use]:
    """Yield what a condition asks of fields."""
    match condition:
        case Has(field, tests):
            for test in tests:
                yield Use(field, test.type, json.dumps(test.values[0]) if test.values else "")
        case Exists(field):
            yield Use(field)
        case Not(inner):
            yield from uses_of(inner)
        case Every(conditions) | Some(conditions):
            for inner in conditions:
                yield from uses_of(inner)


def has_one_of(field: str, values: Sequence[Scalar]) -> Condition:
    """Return the condition that a field has one of some values."""
    by_type: dict[str, list[Scalar]] = {}
    for value in values:
        by_type.setdefault(type_of(value), []).append(_storable(field, value))
    tests = [Comparison("in", type_, tuple(own)) for type_, own in by_type.items()]
    every = [Has(field, (test,)) for test in tests or [Comparison("in", "", ())]]
    return every[0] if len(every) == 1 else Some(tuple(every))


def compared(field: str, operator: str, bound: Scalar) -> Comparison:
    """Return the test of one value of a field that it compares so with a bound."""
    value = _storable(field, bound)
    if isinstance(value, bool):
        raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r}")
    return Comparison(operator, type_of(value), (value,))


def begins(field: str, prefix: Scalar) -> Comparison:
    """Return the test of one value of a field that it begins so."""
    value = _storable(field, prefix)
    if not isinstance(value, str) or not value:
        raise SearchIndexError(f"the filter's prefix for {field!r} must be text, not {value!r}")
    return Comparison("prefix", "text", (value,))


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
