"""Types of the fields of an index decide what a filter compares with."""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, SearchIndexError
from corpus_tuner.indexes.filters import compile_filter, parse_filters
from tests.indexes.filters.oracle import Metadata, open_segments


def test_a_price_that_is_text_is_no_date(tmp_path: Path) -> None:
    every: list[Metadata] = [{"price": one, "year": one[:4]} for one in ("950 EUR", "1200 EUR")]
    every.append({"price": "on demand", "year": "1200"})
    with closing(open_segments(tmp_path / "index", every)) as segments:
        fields = segments.fields
        for typed in ("price>=1000", "price<2000", "year>=1000", "price>=2020-01-01"):
            with pytest.raises(SearchIndexError, match=r"'corpus\.types={\w+: number}'"):
                parse_filters([typed], fields)
        for filter in ({"price": {"gte": 1000}}, {"price": {"gte": date(2020, 1, 1)}}):
            with pytest.raises(SearchIndexError, match="compares the field 'price' with"):
                segments.find_matching(compile_filter(filter))
        quoted = compile_filter(parse_filters(['price>="1000"', 'price<"a"'], fields))
        assert segments.find_matching(quoted).tolist() == [0, 1]


def test_text_that_reads_as_a_number_is_one_where_a_field_has_no_text(tmp_path: Path) -> None:
    every: list[Metadata] = [{"price": 9.5, "sold": True}, {"price": 100, "sold": False}]
    with closing(open_segments(tmp_path / "index", every)) as segments:
        for filter, expected in (
            ({"price": {"gte": "10"}}, [1]),
            ({"price": "9.50"}, [0]),
            ({"price": {"ne": ["100", 3]}}, [0]),
            ({"sold": "true"}, [0]),
        ):
            assert segments.find_matching(compile_filter(filter)).tolist() == expected


def test_years_that_are_numbers_beside_dates(tmp_path: Path) -> None:
    every: list[Metadata] = [{"at": one} for one in (2023, "2023-05-01", 2024, "2024-05-01")]
    with closing(open_segments(tmp_path / "index", every)) as segments:
        typed = parse_filters(["at>=2024", "at<2025"], segments.fields)
        assert segments.find_matching(compile_filter(typed)).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        (
            {"yeer": 2020},
            "no document has the field 'yeer': did you mean year (date, null, number)? "
            "there are also id (text), language (text), spoken (boolean, object, text), "
            "spoken.of (text)",
        ),
        ({"spoken": []} | {"nothing": []}, "no document has the field 'nothing': there are id"),
        ({"not": {"yeer": 2020}}, "no document has the field 'yeer'"),
        ({"yeer": {"exists": False}}, "no document has the field 'yeer'"),
        ({"year": True}, "'year' with boolean, true, and it has only date and null and number"),
        ({"spoken": {"gt": 3}}, "'spoken' with number, 3, and it has only"),
        ({"spoken": {"gt": 3}}, "it has the fields spoken.of"),
        ({"spoken": ["de", 3]}, "'spoken' with number, 3, and it has only"),
        ({"id": {"ne": 3}}, "'id' with number, 3, and it has only text"),
    ],
)
def test_fields_and_types_that_there_are_not(searcher: Searcher, filter: Any, message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        searcher.search("mill", filter=filter)
    assert message in str(error.value)
