"""What a document may have as metadata: what JSON can hold, so that it can be stored and filtered.

Python's own JSON reads and writes NaN and Infinity, which are none: a single one, stored, would
break every filter on the index. Deep nesting is read by some JSON parsers and not by others.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from corpus_tuner.core.arguments import is_utf8

DEEPEST = 100


class MetadataError(ValueError):
    """Metadata that cannot be stored: a reason that can be counted, and a detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def convert_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata as values that JSON can hold: dates in ISO 8601, what is unknown as text.

    Raises
    ------
    UnfitError
        If a number is NaN, infinite or greater than a float can be, nesting is deeper than
        `DEEPEST`, the name of a field is no text, or a text is half of a surrogate pair.

    Examples
    --------
    >>> convert_metadata({"day": date(2026, 3, 1), "tags": ("mill", 2)})
    {'day': '2026-03-01', 'tags': ['mill', 2]}
    """
    value: dict[str, Any] = _convert(metadata, "", 0)
    return value


def _convert(value: Any, field: str, depth: int) -> Any:
    if depth > DEEPEST:
        raise MetadataError(
            "nested too deep", f"{_describe_field(field)}; {DEEPEST} levels are the most"
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
        made = {}
        for name, inner in value.items():
            if not isinstance(name, str):
                raise MetadataError("the name of a field is not text", repr(name)[:80])
            made[_convert(name, name, depth)] = _convert(inner, field or name, depth + 1)
        return made
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
