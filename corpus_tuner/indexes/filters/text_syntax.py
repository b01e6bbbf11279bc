"""Filters as people type them, on a command line or in a box."""

import json
import re
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.conditions import COMPARISONS, get_type
from corpus_tuner.indexes.filters.field_types import are_dates, explain_number_columns
from corpus_tuner.indexes.filters.fields import Field, Fields

_SIGNS = {symbol: name for name, symbol in COMPARISONS.items()}
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_WORD = re.compile(rf"({_QUOTED})|(?<!\S)(AND|OR)(?!\S)")
_CONDITION = re.compile(
    r"(?P<field>[^<>=]*[^<>=\s!]\s*)(?P<sign>!=|>=|<=|>|<|==?)(?P<value>.*\S.*)", re.DOTALL
)
_AMOUNT = re.compile(r"[^\w\"]*\d")
"""What begins as a number or date does, after signs."""
_VALUE = re.compile(rf"\s*({_QUOTED}|[^,]*?)\s*(?:,|$)", re.DOTALL)
_ANOTHER = re.compile(r'\s[^\s<>=!"]+\s*(!=|[<>=])')


def parse_filters(texts: Sequence[str], fields: Fields | None = None) -> dict[str, Any]:
    """Read filters as people type them.

    Parameters
    ----------
    texts
        Filters, of which all must be true: ``field=value``, ``field=one,other``,
        ``field!=value``, ``field>=2020`` (also ``>``, ``<=``, ``<``), ``field=pre*`` (prefix),
        ``field=*`` (has a value), and such joined by ``AND`` and ``OR``, of which ``AND`` binds
        closer. A JSON number, ``true``, ``false`` or quoted text is read as such, all else is text;
        within quotes no character has a meaning.
    fields
        Fields of the index. With them, a number without quotes is text where a field has only text.

    Returns
    -------
    The filter as JSON has it.

    Raises
    ------
    SearchIndexError
        If one is none of these.

    Examples
    --------
    >>> parse_filters(["year>=2020", "year<2024", "language=de,en"])
    {'year': {'gte': 2020, 'lt': 2024}, 'language': ['de', 'en']}
    >>> parse_filters(["language!=de OR id=faq-*"])
    {'or': [{'language': {'ne': 'de'}}, {'id': {'prefix': 'faq-'}}]}
    """
    every = []
    for text in texts:
        either = [
            _merge_filters([_parse_condition(text, one, fields or {}) for one in part])
            for part in _split(text)
        ]
        every.append(either[0] if len(either) == 1 else {"or": either})
    return _merge_filters(every)


def _split(text: str) -> list[list[str]]:
    """Return the conditions in a text: parts joined by OR, each of them joined by AND."""
    parts: list[list[str]] = [[]]
    start = 0
    for found in _WORD.finditer(text):
        if word := found[2]:
            parts[-1].append(text[start : found.start()])
            start = found.end()
            if word == "OR":
                parts.append([])
    parts[-1].append(text[start:])
    return parts


def _merge_filters(filters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one filter for several: ranges of a field are joined, what else meets stays apart."""
    merged: dict[str, Any] = {}
    apart: list[Any] = []
    for filter in filters:
        for key, value in filter.items():
            there = merged.get(key)
            if key == "and":
                apart += value
            elif there is None:
                merged[key] = value
            elif _is_range(there) and _is_range(value) and not {*there} & {*value}:
                merged[key] = there | value
            else:
                apart.append({key: value})
    return merged | ({"and": apart} if apart else {})


def _is_range(condition: Any) -> bool:
    return isinstance(condition, dict) and {*condition} <= {*COMPARISONS}


def _parse_condition(whole: str, text: str, fields: Fields) -> dict[str, Any]:
    """Read one condition of a text."""
    parts = _CONDITION.fullmatch(text)
    if parts is None:
        raise SearchIndexError(
            f"the filter {whole!r} is not like field=value, field!=value or field>=value"
        )
    field, sign, typed = parts["field"].strip(), parts["sign"], parts["value"].strip()
    sign = "=" if sign == "==" else sign
    if fields and field.startswith("(") and field not in fields:
        raise SearchIndexError(
            f"the filter {whole!r} has parentheses, which are not supported: give several filters, "
            "of which all must be true"
        )
    if _ANOTHER.search(re.sub(_QUOTED, '""', typed)):
        raise SearchIndexError(
            f"the filter {whole!r} has {typed!r} for a value: join conditions with AND or OR in "
            'capitals, or put the value in quotes, field="value"'
        )
    known = fields.get(field)
    types = known.types if known else None
    if sign in _SIGNS:
        _check_order(whole, field, typed, known)
        return {field: {_SIGNS[sign]: _parse_value(typed, types)}}
    if typed == "*":
        return {field: {"exists": sign == "="}}
    listed = _split_list(typed)
    if any(part.endswith("*") for part in listed):
        if len(listed) > 1:
            raise SearchIndexError(
                f"the filter {whole!r} has a prefix in a list: join the conditions with OR"
            )
        begins = {field: {"prefix": _parse_value(typed[:-1], {"text": 1})}}
        return begins if sign == "=" else {"not": begins}
    values = [_parse_value(part, types) for part in listed]
    wanted = values if len(values) > 1 else values[0]
    return {field: wanted if sign == "=" else {"ne": wanted}}


def _check_order(whole: str, name: str, typed: str, field: Field | None) -> None:
    """Refuse what would be compared as text, letter by letter, and is likely not meant so."""
    if field is None or "number" in field.types or not {"text", "date"} & {*field.types}:
        return
    if not _AMOUNT.match(typed) or are_dates(typed, field):
        return
    raise SearchIndexError(
        f"the filter {whole!r} compares with {typed!r}, and the field {name!r} has "
        f"{' and '.join(field.types)}, which would be compared letter by letter: write dates as "
        f"2020-01-31, {explain_number_columns(name)}, or put the value in quotes to compare text"
    )


def _split_list(text: str) -> list[str]:
    """Return the parts of a list, whose commas may be in quotes."""
    parts, position = [], 0
    while found := _VALUE.match(text, position):
        parts.append(found[1])
        position = found.end()
        if not found[0].endswith(","):
            break
    return parts


def _parse_value(text: str, types: Mapping[str, int] | None) -> Any:
    """Return what a value reads as, of a field that has these types."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, str):
        return value
    if not isinstance(value, int | float) or abs(value) == inf or value != value:
        return text
    is_text = (
        types is not None and get_type(value) not in types and bool({"text", "date"} & {*types})
    )
    return text if is_text else value
