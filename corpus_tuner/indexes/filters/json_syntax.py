"""The grammar of filters as JSON has them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from corpus_tuner.core.arguments import is_utf8
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
    convert_value,
    get_type,
    make_in_condition,
)
from corpus_tuner.indexes.filters.fields import FIELD

Filter = Mapping[str, Any]
MAX_CONDITIONS = 32
MAX_VALUES = 1_000
MAX_DEPTH = 8
_OPERATORS = (*COMPARISONS, "ne", "prefix", "exists")


def compile_filter(filter: Filter) -> Condition:
    """Turn a filter into conditions.

    Raises
    ------
    SearchIndexError
        If it is no filter; the message names the field.

    Examples
    --------
    >>> compile_filter({"year": {"gte": 2020}}) == compile_filter({"year": {"gte": 2020}})
    True
    """
    return _compile(filter, 1, count(1))


def _compile(filter: Any, depth: int, numbers: Iterator[int]) -> Condition:
    """Return the conditions of a filter, which may be inside of others, and number them."""
    if not isinstance(filter, Mapping):
        raise SearchIndexError(f"a filter maps fields to conditions, and this is {filter!r:.80}")
    if depth > MAX_DEPTH:
        raise SearchIndexError(f"filters are inside of filters more than {MAX_DEPTH} deep")
    conditions: list[Condition] = []
    for key, value in filter.items():
        if key == "not":
            conditions.append(Not(_compile(value, depth + 1, numbers)))
        elif key in ("and", "or"):
            if not isinstance(value, list | tuple) or not value:
                raise SearchIndexError(f"a filter's {key!r} takes a list of filters")
            parts = [_compile(part, depth + 1, numbers) for part in value]
            conditions.append(Some(tuple(parts)) if key == "or" else _combine(parts))
        else:
            if next(numbers) > MAX_CONDITIONS:
                raise SearchIndexError(f"a filter has at most {MAX_CONDITIONS} conditions")
            if not isinstance(key, str) or not re.fullmatch(FIELD, key) or not is_utf8(key):
                raise SearchIndexError(f"a filter's field is a name, not {key!r:.80}")
            compile_one = _compile_operators if isinstance(value, Mapping) else _compile_values
            conditions.append(compile_one(key, value))
    return _combine(conditions)


def _compile_operators(field: str, operators: Mapping[Any, Any]) -> Condition:
    """Return the conjunction of operators; those of ranges are about the same value."""
    tests: list[Comparison] = []
    conditions: list[Condition] = []
    for name, operand in operators.items():
        if name in COMPARISONS:
            value = convert_value(field, operand)
            if isinstance(value, bool):
                raise SearchIndexError(f"the filter for {field!r} cannot compare with {value!r}")
            tests.append(Comparison(name, get_type(value), (value,)))
        elif name == "prefix":
            value = convert_value(field, operand)
            if not isinstance(value, str) or not value:
                raise SearchIndexError(
                    f"the filter's prefix for {field!r} must be text, not {value!r}"
                )
            tests.append(Comparison("prefix", "text", (value,)))
        elif name == "ne":
            conditions.append(Not(_compile_values(field, operand)))
        elif name == "exists":
            if not isinstance(operand, bool):
                raise SearchIndexError(
                    f"the filter's 'exists' for {field!r} is true or false, not {operand!r:.40}"
                )
            conditions.append(Exists(field) if operand else Not(Exists(field)))
        else:
            raise SearchIndexError(
                f"the filter for {field!r} has the operator {name!r:.40}: there are "
                f"{', '.join(_OPERATORS)}; a value, or a list of which it must be one, needs none"
            )
    if not operators:
        raise SearchIndexError(f"the filter for {field!r} has no operator")
    if tests:
        conditions.append(Has(field, tuple(tests)))
    return _combine(conditions)


def _compile_values(field: str, values: Any) -> Condition:
    """Return the condition that a field has one of some values, or the one."""
    several = values if isinstance(values, list | tuple) else [values]
    if len(several) > MAX_VALUES:
        raise SearchIndexError(f"the filter for {field!r} has more than {MAX_VALUES} values")
    return make_in_condition(field, several)


def _combine(conditions: Sequence[Condition]) -> Condition:
    """Return the conjunction of conditions."""
    return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))
