"""ISO 8601 dates in text, compared as instants."""

import re
from calendar import isleap, monthrange
from datetime import date
from typing import NamedTuple

_ISO = re.compile(
    r"""(?P<year>[0-9]{4})
    (?:-(?P<month>[0-9]{2})
        (?:-(?P<day>[0-9]{2})
            (?:[Tt ](?P<hour>[01][0-9]|2[0-3])
                (?::?(?P<minute>[0-5][0-9])
                    (?::?(?P<second>[0-5][0-9]|60)(?:[.,](?P<fraction>[0-9]+))?)?)?
                (?P<offset>\ ?(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3])
                    (?::?(?P<minutes>[0-5][0-9])(?::?(?P<seconds>[0-5][0-9]))?)?))?)?)?)?""",
    re.VERBOSE,
)
_DAY = 24 * 60 * 60  # seconds


class Period(NamedTuple):
    """Period of a date: a year, a month or a day in UTC, or an instant.

    Start and end are keys, the end being the first after the period: text whose order is that of
    time, to any fraction of a second.
    """

    start: str
    end: str


def parse_period(text: str) -> Period | None:
    """Parse an ISO 8601 date; ``None`` if a text is none.

    It may end with the year, the month or the day. A time without an offset from UTC is one in UTC.

    Examples
    --------
    >>> parse_period("2024-05-04T01:30:00+02:00") == parse_period("2024-05-03 23:30Z")
    True
    >>> may, moment = parse_period("2024-05"), parse_period("2024-05-31T23:59:59.999")
    >>> may.start < moment.start < may.end
    True
    >>> parse_period("2024-02-30")
    """
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month = int(found["year"]), found["month"]
    try:
        first = date(year, int(month or 1), int(found["day"] or 1)).toordinal()
    except ValueError:  # no such day
        return None
    seconds = first * _DAY
    if found["hour"]:
        seconds += _count_seconds(found["hour"], found["minute"], found["second"])
        if found["sign"]:
            offset = _count_seconds(found["hours"], found["minutes"], found["seconds"])
            seconds += offset if found["sign"] == "-" else -offset
        fraction = (found["fraction"] or "").rstrip("0")
        start = _format_key(seconds) + (f".{fraction}" if fraction else "")
        return Period(start, f"{start} ")  # a blank sorts before all that may follow
    if found["day"]:
        days = 1
    elif month:
        days = monthrange(year, int(month))[1]
    else:
        days = 365 + isleap(year)
    return Period(_format_key(seconds), _format_key(seconds + days * _DAY))


def parse_start(text: str) -> str | None:
    """Return the key of the first instant of a date; ``None`` if a text is none."""
    period = parse_period(text)
    return period.start if period else None


def is_year(text: str) -> bool:
    """Tell whether a date is only a year, which may be meant as a number.

    Examples
    --------
    >>> is_year("2024"), is_year("2024-05")
    (True, False)
    """
    return len(text) == len("2024")


def get_nearby_days(key: str) -> tuple[str, str]:
    """Return days in ISO 8601 that decide most comparisons with an instant.

    Offsets are of less than a day. So a date whose text sorts before the first day is earlier than
    the instant, and one whose text does not sort before the second is later.

    Examples
    --------
    >>> get_nearby_days(parse_start("2024-05-03"))
    ('2024-05-02', '2024-05-05')
    """
    day = int(key[:12]) // _DAY
    return _format_day(day - 1), _format_day(day + 2)


def _format_day(day: int) -> str:
    """Return a day by its number; beyond the years 1 to 9999 a text in the same order."""
    if day < 1:
        return ""
    return date.fromordinal(day).isoformat() if day <= date.max.toordinal() else ":"


def _count_seconds(hours: str, minutes: str | None, seconds: str | None) -> int:
    return int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)


def _format_key(seconds: int) -> str:
    return f"{seconds:012}"
