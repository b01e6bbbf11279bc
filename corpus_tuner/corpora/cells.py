"""Types of the columns of a table of text, decided by all cells of a column."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Literal

ColumnType = Literal["number", "boolean", "date", "text"]
"""The type of a column; dates are kept as text in ISO 8601."""

# Digits in groups of three may be separated by the other mark: 12,500.00 and 12.500,00. An integer
# of more than 15 digits is a code such as that of a card, and no float has it exactly.
_NUMBERS = {
    ".": re.compile(
        r"-?(?:(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:\.[0-9]+)?|\.[0-9]+)"
    ),
    ",": re.compile(r"-?(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4})(?:,[0-9]+)?"),
}
_ANY_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "ja": True, "nein": False}
_PAIRS = ({"yes", "no"}, {"ja", "nein"})
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)

Conversion = Callable[[str], object]
"""Converts a cell that is not blank; raises `ValueError` where it cannot."""


class Column:
    """Decides the type of a column in constant memory, from its cells one after the other.

    - number: integers and decimals without a plus sign, an exponent or leading zeros, of at most 15
      digits before the decimal mark. The mark is a point. It is a comma if every cell reads so and
      some cell only so (``137,50``, ``12.500,00``), in tables that are not separated by commas. A
      column whose cells read in both ways (``1,234``) is text; ``1.234`` alone is a decimal unless
      the table is separated by semicolons, as where the comma is the decimal mark.
    - boolean: true and false; or yes and no, or ja and nein, if both words occur.
    - date: ``2026-03-01``, perhaps with a time and an offset.

    Examples
    --------
    >>> column = Column()
    >>> for cell in ("12.500,00", "137,50", ""):
    ...     column.add(cell)
    >>> column.conversion(";")("137,50")
    137.5
    """

    def __init__(self) -> None:
        self._cells = 0
        self._dates = 0
        self._numbers: Counter[str] = Counter()  # by decimal mark
        self._ambiguous: Counter[str] = Counter()  # by the mark that they have
        self._booleans: Counter[str] = Counter()

    def add(self, cell: str) -> None:
        """Count a cell; one without text is no value."""
        cell = cell.strip()
        if not cell:
            return
        self._cells += 1
        marks = [mark for mark, pattern in _NUMBERS.items() if pattern.fullmatch(cell)]
        self._numbers.update(marks)
        if len(marks) == len(_NUMBERS):
            self._ambiguous.update(mark for mark in _NUMBERS if mark in cell)
        if cell.lower() in _BOOLEANS:
            self._booleans[cell.lower()] += 1
        self._dates += is_date(cell)

    def conversion(self, delimiter: str, named: ColumnType | None = None) -> Conversion:
        """Return what converts the cells of the column.

        Parameters
        ----------
        delimiter
            Of the table.
        named
            A type that the cells are to have, whatever they are.
        """
        chosen = named or self._type(delimiter)
        if chosen == "number":
            return _with_point if self._mark(delimiter) == "." else _with_comma
        return {"boolean": _boolean, "date": _date, "text": _text}[chosen]

    def _type(self, delimiter: str) -> ColumnType:
        if not self._cells:
            return "text"
        if self._dates == self._cells:
            return "date"
        if self._booleans.total() == self._cells:
            words = self._booleans.keys()
            return "boolean" if words <= {"true", "false"} or words in _PAIRS else "text"
        fitting = [mark for mark in _NUMBERS if self._numbers[mark] == self._cells]
        if not fitting:
            return "text"
        if len(fitting) == 1:
            return "number" if fitting == ["."] or delimiter != "," else "text"
        if self._ambiguous[","] or (self._ambiguous["."] and delimiter == ";"):
            return "text"
        return "number"

    def _mark(self, delimiter: str) -> str:
        """Return the decimal mark that most numbers have."""
        comma = self._numbers[","] > self._numbers["."] and delimiter != ","
        return "," if comma else "."


def is_date(cell: str) -> bool:
    """Tell whether a cell is a date in ISO 8601 that there is."""
    try:
        return bool(_DATE.fullmatch(cell) and datetime.fromisoformat(cell))
    except ValueError:
        return False


def _with_point(cell: str) -> int | float:
    cell = cell.strip()
    return _number(cell.replace(",", "") if _NUMBERS["."].fullmatch(cell) else cell)


def _with_comma(cell: str) -> int | float:
    return _number(cell.strip().replace(".", "").replace(",", "."))


def _number(cell: str) -> int | float:
    if not _ANY_NUMBER.fullmatch(cell):
        raise ValueError("not a number")
    return int(cell) if cell.lstrip("+-").isdigit() else float(cell)


def _boolean(cell: str) -> bool:
    word = cell.strip().lower()
    word = {"1": "true", "0": "false"}.get(word, word)
    if word not in _BOOLEANS:
        raise ValueError("not a boolean")
    return _BOOLEANS[word]


def _date(cell: str) -> str:
    cell = cell.strip()
    if not is_date(cell):
        raise ValueError("not a date like 2026-03-01")
    return cell.replace(" ", "T")


def _text(cell: str) -> str:
    return cell
