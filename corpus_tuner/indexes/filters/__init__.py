"""Filters: which documents may be found, by their metadata and ids.

A filter maps fields to conditions, all of which must be true. A condition is a value that the field
must have, a list of values of which it must have one, or operators, all of which must be true:
``{"gte": 2020, "lt": 2024}``. ``or`` and ``and`` take lists of filters, ``not`` takes one. A field
that has a list has each of its values; ``author.name`` is a field inside a field; ``id`` is the
document's. Numbers compare with numbers, dates as instants, and other text by the order of its
characters.
`docs/guide/filters.md` has the whole grammar.
"""

from corpus_tuner.indexes.filters.conditions import Condition
from corpus_tuner.indexes.filters.field_types import resolve
from corpus_tuner.indexes.filters.json_syntax import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    Filter,
    compile_filter,
)
from corpus_tuner.indexes.filters.text_syntax import parse_filters

__all__ = [
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "MAX_VALUES",
    "Condition",
    "Filter",
    "compile_filter",
    "parse_filters",
    "resolve",
]
