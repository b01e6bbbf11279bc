"""Types of the columns of a table of text, inferred from all cells of a column."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Literal

ColumnType = Literal["number", "boolean", "date", "text"]
"""Type of a column; dates are stored as text in ISO 8601."""

# Digits in groups of three may be separated by the other mark: 12,500.00 and 12.500,00. An integer
# of more than 15 digits is a code such as that of a card, and no float has it exactly.
_WITH_POINT = re.compile(
    r"-?(?:(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:\.[0-9]+)?|\.[0-9]+)"
)
_WITH_COMMA = re.compile(r"-?(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4})(?:,[0-9]+)?")
_ANY_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "ja": True, "nein": False}
_PAIRS = ({"yes", "no"}, {"ja", "nein"})
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)

Conversion = Callable[[str], object]
"""Function that converts a cell that is not blank, or raises `ValueError`."""


class Column:
    """Type inference for a column of a table, in constant memory.

    - number: integers and decimals without a plus sign, an exponent or leading zeros, of at most 15
      digits before the decimal mark. The mark is a point. It is a comma if every cell reads so and
      some cell only so (``137,50``, ``12.500,00``), in tables that are not separated by commas. A
      column whose cells read in both ways (``1,234``) is text; if the mark in all is a point
      (``1.234``), they are decimals, unless the table is separated by semicolons.
    - boolean: true and false; or yes and no, or ja and nein, if both words occur.
    - date: ``2026-03-01``, perhaps with a time and an offset.

    Parameters
    ----------
    given
        Type that the settings give; then nothing is inferred.

    Examples
    --------
    >>> column = Column()
    >>> for cell in ("12.500,00", "137,50", ""):
    ...     column.add(cell)
    >>> column.get_conversion(";")("137,50")
    137.5
    """

    def __init__(self, given: ColumnType | None = None) -> None:
        self._given = given
        self._is_text = given == "text"
        self._cells = 0
        self._with_point = self._with_comma = 0  # numbers, by what the decimal mark may be
        self._ambiguous: set[str] = set()  # marks in numbers that read in both ways
        self._booleans = self._dates = 0
        self._words: set[str] = set()

    def add(self, cell: str) -> None:
        """Count a cell; one without text is no value."""
        cell = cell.strip()
        if not cell or self._is_text:
            return
        self._cells += 1
        point = _WITH_POINT.fullmatch(cell) is not None
        comma = _WITH_COMMA.fullmatch(cell) is not None
        self._with_point += point
        self._with_comma += comma
        if point and comma:
            self._ambiguous.update(mark for mark in ".," if mark in cell)
        elif not (point or comma):
            self._dates += is_date(cell)
            if cell.lower() in _BOOLEANS:
                self._booleans += 1
                self._words.add(cell.lower())
            counts = (self._with_point, self._with_comma, self._booleans, self._dates)
            self._is_text = self._given is None and max(counts) < self._cells

    def get_conversion(self, delimiter: str) -> Conversion:
        """Return the function that converts the cells, given the delimiter of the table."""
        chosen = self._given or self._infer_type(delimiter)
        if chosen == "number":
            commas = self._with_comma > self._with_point and delimiter != ","
            return _parse_decimal_comma if commas else _parse_decimal_point
        conversions: dict[ColumnType, Conversion] = {
            "boolean": _parse_boolean,
            "date": _parse_date,
            "text": str,
        }
        return conversions[chosen]

    def _infer_type(self, delimiter: str) -> ColumnType:
        if self._is_text or not self._cells:
            return "text"
        if self._dates == self._cells:
            return "date"
        if self._booleans == self._cells:
            sure = self._words <= {"true", "false"} or self._words in _PAIRS
            return "boolean" if sure else "text"
        point, comma = self._with_point == self._cells, self._with_comma == self._cells
        if point and comma:
            return "text" if self._ambiguous - ({"."} if delimiter != ";" else set()) else "number"
        return "number" if point or (comma and delimiter != ",") else "text"


def is_date(cell: str) -> bool:
    """Tell whether a cell is an existing date in ISO 8601."""
    try:
        return bool(_DATE.fullmatch(cell) and datetime.fromisoformat(cell))
    except ValueError:
        return False


def _parse_decimal_point(cell: str) -> int | float:
    cell = cell.strip()
    return _parse_number(cell.replace(",", "") if _WITH_POINT.fullmatch(cell) else cell)


def _parse_decimal_comma(cell: str) -> int | float:
    return _parse_number(cell.strip().replace(".", "").replace(",", "."))


def _parse_number(cell: str) -> int | float:
    if not _ANY_NUMBER.fullmatch(cell):
        raise ValueError("not a number")
    return int(cell) if cell.lstrip("+-").isdigit() else float(cell)


def _parse_boolean(cell: str) -> bool:
    word = cell.strip().lower()
    word = {"1": "true", "0": "false"}.get(word, word)
    if word not in _BOOLEANS:
        raise ValueError("not a boolean")
    return _BOOLEANS[word]


def _parse_date(cell: str) -> str:
    cell = cell.strip()
    if not is_date(cell):
        raise ValueError("not a date like 2026-03-01")
    return cell.replace(" ", "T")
