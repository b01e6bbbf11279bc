"""Filters as people type them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import SearchIndexError
from corpus_tuner.indexes.filters import compile_filter, parse_filters
from corpus_tuner.indexes.filters.fields import Field
from tests.indexes.filters.oracle import passes


def test_filters_as_people_type_them() -> None:
    assert parse_filters(["year>=2020", "year < 2024", "lang=de,en", 'code="7"', "open=true"]) == {
        "year": {"gte": 2020, "lt": 2024},
        "lang": ["de", "en"],
        "code": "7",
        "open": True,
    }
    assert parse_filters(["a = b=c", "odd!name=1"]) == {"a": "b=c", "odd!name": 1}
    assert parse_filters(["lang==de"]) == {"lang": "de"}
    assert parse_filters([]) == {}


@pytest.mark.parametrize(
    ("typed", "filter"),
    [
        ("year!=2020", {"year": {"ne": 2020}}),
        ("year != 2020,2021", {"year": {"ne": [2020, 2021]}}),
        ("id=faq-*", {"id": {"prefix": "faq-"}}),
        ("id=20*", {"id": {"prefix": "20"}}),
        ("id!=faq-*", {"not": {"id": {"prefix": "faq-"}}}),
        ("author=*", {"author": {"exists": True}}),
        ("author!=*", {"author": {"exists": False}}),
        ('a="*"', {"a": "*"}),
        ('a="C*","x, y",z', {"a": ["C*", "x, y", "z"]}),
        ("a=war and peace", {"a": "war and peace"}),
        ('a="x OR b=2"', {"a": "x OR b=2"}),
        ("a=NaN", {"a": "NaN"}),
        ("a=1 OR b=2", {"or": [{"a": 1}, {"b": 2}]}),
        ("a=1 AND b>2 AND b<3 OR c=d e", {"or": [{"a": 1, "b": {"gt": 2, "lt": 3}}, {"c": "d e"}]}),
        ("a=1 AND a=2", {"a": 1, "and": [{"a": 2}]}),
    ],
)
def test_a_filter_that_is_typed(typed: str, filter: dict[str, Any]) -> None:
    assert parse_filters([typed]) == filter
    compile_filter(filter)


def test_parentheses_are_not_supported() -> None:
    fields = {"year": Field(6, {"number": 6})}
    with pytest.raises(SearchIndexError, match="parentheses, which are not supported"):
        parse_filters(["(year=1 OR year=2) AND year=3"], fields)


def test_several_that_are_typed_must_all_hold() -> None:
    every = parse_filters(["a=1 OR b=2", "a=3 OR b=4", "c=5 AND c=6", "c>7"])
    document = {"a": 1, "b": 4, "c": [5, 6, 8]}
    assert passes("", document, every)
    for change in ({"a": 0}, {"b": 0}, {"c": [5, 8]}, {"c": [6, 8]}, {"c": [5, 6]}):
        assert not passes("", document | change, every)


def test_a_number_without_quotes_is_text_where_the_field_has_only_text() -> None:
    fields = {"code": Field(2, {"text": 2}), "mixed": Field(2, {"number": 1, "text": 1})}
    typed = ["code=7,true", "mixed=7", "new=7", 'code>"2020"', 'mixed="7"']
    assert parse_filters(typed, fields) == {
        "code": ["7", "true"],
        "mixed": 7,
        "new": 7,
        "and": [{"code": {"gt": "2020"}}, {"mixed": "7"}],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year", "is not like field=value"),
        ("=3", "is not like field=value"),
        ("year=", "is not like field=value"),
        ("year= ", "is not like field=value"),
        ("year=1 OR", "is not like field=value"),
        ("year=1 OR 2", "is not like field=value"),
        ("year=2020 and lang=de", "join conditions with AND or OR in capitals, or put the value"),
        ("year=2020 lang=de", "join conditions with AND or OR in capitals, or put the value"),
        ("year=1,20*", "a prefix in a list: join the conditions with OR"),
    ],
)
def test_what_cannot_be_read_as_a_filter(text: str, message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        parse_filters([text])
    assert message in str(error.value)
    assert repr(text) in str(error.value)


typed_words = st.sampled_from(
    ["a", "b.c", "=", "!=", ">", ">=", "<", ",", "*", '"', " ", " AND ", " OR ", "1", "\\", "é"]
)


@given(st.lists(st.lists(typed_words, max_size=9).map("".join), max_size=3))
def test_whatever_is_typed_is_a_filter_or_an_error_of_ours(texts: list[str]) -> None:
    try:
        filter = parse_filters(texts)
    except SearchIndexError:
        return
    try:
        compile_filter(filter)
    except SearchIndexError as error:
        assert re.search("is a name|must be text|at most|deep", str(error))


@pytest.mark.parametrize(
    ("typed", "types", "fine"),
    [
        ("date>=2020", {"date"}, True),
        ("date<2020-02-01T10:00:00Z", {"date"}, True),
        ("date<2020-02-01T10:00:00.5+02:00", {"date", "text"}, True),
        ('date>"3"', {"text"}, True),
        ("date>=m", {"text"}, True),
        ("date=3", {"text"}, True),
        ("date>=1000", {"number", "text"}, True),
        ("date>=2020", {"text"}, False),
        ("date>=2020", {"date", "text"}, False),
        ("date>=2020-02-01", {"text"}, False),
        ("date>=2020-13", {"date"}, False),
        ("date>=2020-02-30", {"date"}, False),
        ("date>=01.02.2020", {"text"}, False),
        ("date>3", {"date"}, False),
        ("date>-3", {"text"}, False),
        ("date>.5", {"text"}, False),
        ("date>€ 30", {"text"}, False),
    ],
)
def test_numbers_are_not_compared_with_text(typed: str, types: set[str], fine: bool) -> None:
    fields = {"date": Field(3, dict.fromkeys(types, 3))}
    if fine:
        assert parse_filters([typed], fields)
    else:
        with pytest.raises(SearchIndexError, match="letter by letter: write dates as 2020-01-31"):
            parse_filters([typed], fields)
    assert parse_filters([typed])
