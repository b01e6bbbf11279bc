"""The grammar of filters as JSON has them."""

import re
from collections.abc import Mapping, Sequence
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
    make_comparison,
    make_in_condition,
    make_prefix_test,
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
    return _Compiler().compile(filter, 1)


class _Compiler:
    """Compiles one filter, and counts its conditions."""

    def __init__(self) -> None:
        self._conditions = 0

    def compile(self, filter: Any, depth: int) -> Condition:
        """Return the conditions of a filter, which may be inside of others."""
        if not isinstance(filter, Mapping):
            raise SearchIndexError(
                f"a filter maps fields to conditions, and this is {filter!r:.80}"
            )
        if depth > MAX_DEPTH:
            raise SearchIndexError(f"filters are inside of filters more than {MAX_DEPTH} deep")
        return _combine([self._compile_entry(key, value, depth) for key, value in filter.items()])

    def _compile_entry(self, key: Any, value: Any, depth: int) -> Condition:
        if key == "not":
            return Not(self.compile(value, depth + 1))
        if key in ("and", "or"):
            if not isinstance(value, list | tuple) or not value:
                raise SearchIndexError(f"a filter's {key!r} takes a list of filters")
            parts = [self.compile(part, depth + 1) for part in value]
            return Some(tuple(parts)) if key == "or" else _combine(parts)
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise SearchIndexError(f"a filter has at most {MAX_CONDITIONS} conditions")
        if not isinstance(key, str) or not re.fullmatch(FIELD, key) or not is_utf8(key):
            raise SearchIndexError(f"a filter's field is a name, not {key!r:.80}")
        if isinstance(value, Mapping):
            return _compile_operators(key, value)
        return _compile_values(key, value)


def _compile_operators(field: str, operators: Mapping[Any, Any]) -> Condition:
    """Return the conjunction of operators; those of ranges are about the same value."""
    tests: list[Comparison] = []
    conditions: list[Condition] = []
    for name, operand in operators.items():
        if name in COMPARISONS:
            tests.append(make_comparison(field, name, operand))
        elif name == "prefix":
            tests.append(make_prefix_test(field, operand))
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
