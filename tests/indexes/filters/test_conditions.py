"""Conditions: values that are alike where they ask for the same."""

from datetime import date

import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.conditions import (
    Comparison,
    Has,
    Limits,
    Some,
    compute_limits,
    convert_value,
    get_type,
    make_in_condition,
)
from corpus_tuner.indexes.filters.dates import parse_start


def test_values_of_several_types_are_compared_by_type() -> None:
    condition = make_in_condition("a", [1, "x", True, 2.5])
    assert condition == Some(
        (
            Has("a", (Comparison("in", "number", (1, 2.5)),)),
            Has("a", (Comparison("in", "text", ("x",)),)),
            Has("a", (Comparison("in", "boolean", (True,)),)),
        )
    )
    assert hash(condition) == hash(make_in_condition("a", [1, "x", True, 2.5]))
    assert make_in_condition("a", []) == Has("a", (Comparison("in", "", ()),))


def test_whole_numbers_beyond_64_bits_are_floating_point_numbers() -> None:
    assert convert_value("a", 2**63 - 1) == 2**63 - 1
    value = convert_value("a", 2**63)
    assert (value, type(value)) == (2.0**63, float)


def test_days_are_text_in_iso_8601() -> None:
    assert convert_value("a", date(2024, 5, 4)) == "2024-05-04"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, None, "\ud800", [1]])
def test_what_is_no_value_is_refused(value: object) -> None:
    with pytest.raises(SearchIndexError, match="the filter for 'a' cannot compare with"):
        convert_value("a", value)


@pytest.mark.parametrize(
    ("operator", "since", "before"),
    [
        ("gte", "2024-05-01", None),
        ("gt", "2024-06-01", None),
        ("lt", None, "2024-05-01"),
        ("lte", None, "2024-06-01"),
        ("in", "2024-05-01", "2024-06-01"),
    ],
)
def test_a_month_is_compared_from_its_first_instant_to_its_last(
    operator: str, since: str | None, before: str | None
) -> None:
    edges = Limits(*(parse_start(day) if day else None for day in (since, before)))
    assert compute_limits(Comparison(operator, "date", ("2024-05",))) == [edges]


def test_truths_are_no_numbers() -> None:
    assert [get_type(value) for value in (True, 0, 0.5, "0")] == [
        "boolean",
        "number",
        "number",
        "text",
    ]
