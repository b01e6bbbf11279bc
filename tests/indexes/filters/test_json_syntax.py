"""Filters as JSON has them, and errors that say why one is none."""

from collections.abc import Callable
from typing import Any

import pytest

from corpus_tuner import Searcher, SearchIndexError
from corpus_tuner.indexes.filters import compile_filter


def nest(depth: int, wrap: Callable[[Any], Any]) -> Any:
    filter: Any = {"year": 2020}
    for _ in range(depth):
        filter = wrap(filter)
    return filter


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"": 1}, "a filter's field is a name"),
        ({'a"]) --': 1}, "a filter's field is a name"),
        ({"a..b": 1}, "a filter's field is a name"),
        ({"year\n": 1}, "a filter's field is a name"),
        ({"\ud800": 1}, "a filter's field is a name"),
        ({"year": None}, "'year' cannot compare with None"),
        ({"year": {"near": 3}}, "'near': there are gt, gte, lt, lte, ne, prefix, exists; a value"),
        ({"year": {"": 3}}, "has the operator ''"),
        ({"year": {}}, "the filter for 'year' has no operator"),
        ({"year": {"gt": True}}, "cannot compare with True"),
        ({"year": {"ne": {"gt": 3}}}, "cannot compare with {'gt': 3}"),
        ({"year": {"prefix": ""}}, "prefix for 'year' must be text"),
        ({"year": {"prefix": 20}}, "prefix for 'year' must be text, not 20"),
        ({"year": {"exists": 1}}, "'exists' for 'year' is true or false, not 1"),
        ({"year": float("nan")}, "cannot compare with nan"),
        ({"year": 10**400}, "cannot compare"),
        ({"year": "\ud800"}, "cannot compare"),
        ({"year": list(range(1001))}, "more than 1000 values"),
        ({str(n): n for n in range(33)}, "at most 32 conditions"),
        ({"or": [{"year": n} for n in range(33)]}, "at most 32 conditions"),
        (["year"], "maps fields to conditions"),
        ({"or": {"year": 1}}, "'or' takes a list of filters"),
        ({"or": []}, "'or' takes a list of filters"),
        ({"not": [{"year": 1}]}, "maps fields to conditions"),
        (nest(8, lambda inner: {"not": inner}), "more than 8 deep"),
        (nest(100, lambda inner: {"or": [inner]}), "more than 8 deep"),
    ],
)
def test_what_is_no_filter(searcher: Searcher, filter: Any, message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        searcher.search("mill", filter=filter)
    assert message in str(error.value)


def test_filters_as_large_as_they_may_be(searcher: Searcher) -> None:
    values: list[Any] = [*range(1500, 2020), *map(str, range(480))]
    assert len(searcher.search("mill", 60, filter={"year": values})) == 10
    several = {"or": [{"year": values} for _ in range(32)]}
    assert len(searcher.search("mill", 60, filter=several)) == 10
    for wrap in (lambda inner: {"not": inner}, lambda inner: {"or": [inner], "and": [inner]}):
        deep = nest(7 if wrap({}).keys() == {"not"} else 4, wrap)
        assert len(searcher.search("mill", 60, filter=deep)) in (20, 40)


def test_a_compiled_filter_is_a_filter(searcher: Searcher) -> None:
    filter = {"year": {"gte": 2020}, "spoken": ["de", "en"]}
    condition = compile_filter(filter)
    assert condition == compile_filter(dict(filter))
    assert searcher.search("mill", filter=condition) == searcher.search("mill", filter=filter)
