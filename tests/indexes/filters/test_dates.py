"""Dates in filters, compared with those of Python."""

import operator
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus_tuner.indexes.filters import compile_filter
from corpus_tuner.indexes.filters.dates import get_nearby_days, is_year, parse_period, parse_start
from corpus_tuner.indexes.filters.fields import Field
from tests.indexes.filters.oracle import COMPARED, Metadata, open_segments


def test_dates_compare_as_far_as_they_are_written(tmp_path: Path) -> None:
    days = ["2023-12-31", "2024", "2024-05", "2024-05-03", "2024-05-03T09:30", "2024-06-01"]
    with closing(open_segments(tmp_path / "index", [{"day": day} for day in days])) as segments:

        def found(**range_: str) -> list[str]:
            return [days[n] for n in segments.find_matching(compile_filter({"day": range_}))]

        assert found(lte="2024-05") == days[:5]
        assert found(gt="2024-05") == days[5:]
        assert found(gt="2024") == []
        assert found(gte="2024-01", lt="2024-05") == ["2024"]
        assert found(gte="2024-05", lt="2024-06") == days[2:5]
        assert found(gte="2024-05-03", lte="2024-05-03") == days[3:5]
        assert found(lt="2024") == days[:1]


class Dated(NamedTuple):
    """A date as it is open_segments, and what it is to Python."""

    text: str
    moment: datetime


def dated(moment: datetime, form: str) -> Dated:
    """A moment, open_segments in one of several forms."""
    naive = moment.replace(tzinfo=None)
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    match form:
        case "day":
            day = datetime.combine(moment.date(), time(), UTC)
            return Dated(moment.date().isoformat(), day)
        case "naive":
            return Dated(naive.isoformat(), naive.replace(tzinfo=UTC))
        case "Z":
            return Dated(f"{utc.isoformat()}Z", moment)
        case "minutes":
            short = moment.replace(second=0, microsecond=0)
            return Dated(short.isoformat(" ", "minutes"), short)
        case _:
            return Dated(moment.isoformat(), moment)


offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
near = st.datetimes(datetime(2023, 12, 30), datetime(2024, 1, 3), timezones=offsets)
anywhere = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=offsets)
dates = st.builds(
    dated, near | anywhere, st.sampled_from(["day", "naive", "Z", "minutes", "offset"])
)


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(dates, min_size=1, max_size=6), st.lists(near, min_size=1, max_size=4))
def test_dates_compare_as_datetime_does(every: list[Dated], bounds: list[datetime]) -> None:
    metadata_: list[Metadata] = [{"at": one.text, "also": ["x", one.text]} for one in every]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_segments(Path(folder), metadata_)) as found,
    ):
        for bound in bounds:
            for sign, compare in {**COMPARED, "eq": operator.eq}.items():
                expected = [n for n, one in enumerate(every) if compare(one.moment, bound)]
                for field in ("at", "also"):  # a field of dates alone, and one that has other text
                    condition: Any = bound if sign == "eq" else {sign: bound}
                    matching = found.find_matching(compile_filter({field: condition})).tolist()
                    assert matching == expected, (sign, bound, every)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"gte": date(2024, 5, 4)}, [0, 3, 4]),
        ({"gte": "2024-05-04"}, [0, 3, 4]),
        ({"gt": date(2024, 5, 4)}, [4]),
        ({"lt": "2024-05-04"}, [1, 2, 5]),
        ({"lte": "2024-05-04T04:30:00Z"}, [0, 1, 2, 3, 5]),
        ({"lt": "2024-05-04T04:30:00Z"}, [1, 2, 3, 5]),
        ({"gte": "2024", "lt": "2025"}, [0, 1, 2, 3, 4, 5]),
        ("2024-05-04T04:30Z", [0]),
        ("2024-05-04", [0, 3]),
        (["2024-05-03", "2024-06"], [1, 2, 4]),
        ({"ne": date(2024, 5, 4)}, [1, 2, 4, 5, 6]),
        ({"prefix": "2024-05-04"}, [1, 3]),
    ],
)
def test_dates_with_offsets_are_instants(tmp_path: Path, filter: Any, expected: list[int]) -> None:
    moments = [
        "2024-05-03T23:30:00-05:00",
        "2024-05-04T01:00:00+02:00",
        "2024-05-03T23:59:59.999999999Z",
        "2024-05-04 00:00:00",
        "2024-06",
        "2024",
    ]
    every: list[Metadata] = [*({"at": moment} for moment in moments), {}]
    with closing(open_segments(tmp_path / "index", every)) as segments:
        assert segments.fields["at"] == Field(6, {"date": 6})
        assert segments.find_matching(compile_filter({"at": filter})).tolist() == expected


@given(near | anywhere, st.sampled_from(["day", "naive", "Z", "minutes", "offset"]))
def test_a_period_begins_at_the_instant_of_a_date(moment: datetime, form: str) -> None:
    text, instant = dated(moment, form)
    period_, same = parse_period(text), parse_start(instant.astimezone(UTC).isoformat())
    assert period_ and same
    assert period_.start == same < period_.end
    if form == "day":
        assert period_.end == parse_start((instant.date() + timedelta(days=1)).isoformat())


@pytest.mark.parametrize("text", ["", "24", "2024-13", "2024-02-30", "2024-5-1", "2024-05-01T25"])
def test_what_is_no_date(text: str) -> None:
    assert parse_period(text) is None


@given(near | anywhere, near | anywhere)
def test_nearby_days_decide_as_instants_do(moment: datetime, bound: datetime) -> None:
    key = parse_start(bound.astimezone(UTC).isoformat())
    assert key
    first, last = get_nearby_days(key)
    if moment.isoformat() < first:
        assert moment < bound
    elif moment.isoformat() >= last:
        assert moment > bound


def test_only_a_year_may_be_meant_as_a_number() -> None:
    assert is_year("2024")
    assert not is_year("2024-05")
