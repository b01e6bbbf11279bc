"""Conversion of metadata to values that JSON can represent, so that they can be filtered.

The ``json`` module reads and writes NaN and Infinity, which are not JSON: a single one would break
all filters of an index. Deep nesting is read by some JSON parsers only.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from corpus_tuner.core.arguments import is_utf8

MAX_DEPTH = 100


class MetadataError(ValueError):
    """Metadata that cannot be stored: a reason that can be counted, and a detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def convert_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata as values of JSON: dates in ISO 8601, values of other types as text.

    Raises
    ------
    MetadataError
        If a number is NaN, infinite or greater than any float, nesting is deeper than `MAX_DEPTH`,
        the name of a field is no text, or a text has half of a surrogate pair.

    Examples
    --------
    >>> convert_metadata({"day": date(2026, 3, 1), "tags": ("mill", 2)})
    {'day': '2026-03-01', 'tags': ['mill', 2]}
    """
    value: dict[str, Any] = _convert(metadata, "", 0)
    return value


def _convert(value: Any, field: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise MetadataError(
            "nested too deep", f"{_describe_field(field)}; {MAX_DEPTH} levels are the most"
        )
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not is_utf8(value):
            raise MetadataError(
                "not UTF-8", f"{_describe_field(field)}, or half of a surrogate pair"
            )
        return value
    if isinstance(value, int | float):
        if not _is_finite(value):
            detail = f"{_describe_field(field)}; write null, or leave it out"
            raise MetadataError("a number that is not finite", detail)
        return value
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        converted = {}
        for name, inner in value.items():
            if not isinstance(name, str):
                raise MetadataError("the name of a field is not text", repr(name)[:80])
            converted[_convert(name, name, depth)] = _convert(inner, field or name, depth + 1)
        return converted
    if isinstance(value, list | tuple):
        return [_convert(inner, field, depth + 1) for inner in value]
    return _convert(str(value), field, depth)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer greater than any float
        return False


def _describe_field(field: str) -> str:
    return f"in {field!r}"
