"""Tables of text, read row by row in bounded memory, each row with its location."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.encodings import TextReader, open_text
from corpus_tuner.core.records import MAX_LINE_BYTES, BadRecord, Issue

_END_OF_LINE = ("\n", "\r")
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50


def find_delimiter(sample: str, usual: str = ",") -> str:
    r"""Return the delimiter of a table, given its beginning.

    It separates the header into the most columns, and the rows below into as many. If the sample is
    a single row, it is the delimiter that comes first.

    Examples
    --------
    >>> find_delimiter("id;text, in German"), find_delimiter("id,a;b;c\nx,1;2;3\n")
    (';', ';')
    """
    return max(_DELIMITERS, key=lambda one: (*_rate_delimiter(sample, one), one == usual))


def _rate_delimiter(sample: str, delimiter: str) -> tuple[bool, float, int]:
    """Return whether a delimiter separates the header, the share of rows alike, and the columns."""
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        found = [row for row in islice(rows, _SAMPLE_ROWS) if any(row)]
    except csv.Error:
        return False, 0.0, 0
    if len(found) < 2:
        separates = bool(found) and len(found[0]) > 1
        return separates, 1.0, -sample.index(delimiter) if separates else 0
    width = len(found[0])
    return width > 1, sum(len(row) == width for row in found) / len(found), width


class Row(NamedTuple):
    """A row of a table and its location, as ``file:line``."""

    location: str
    cells: list[str]


class _RowTooLongError(Exception):
    """A row is longer than `MAX_LINE_BYTES`."""


def read_rows(
    path: Path, delimiter: str, *, quoted: bool, even: bool = False, encoding: str | None = None
) -> Iterator[Row | BadRecord | Issue]:
    r"""Yield the rows of a table that are not blank, and issues that were repaired in them.

    A row that cannot be read is a `BadRecord`, and reading goes on with the second line of the row,
    so that a quotation mark that is not closed affects one row.

    Parameters
    ----------
    path
        Path of a file, which may be gzipped.
    delimiter
        Character that separates cells.
    quoted
        Whether cells may be quoted as in CSV (RFC 4180); otherwise a quotation mark is a character
        like any other, and every line is a row.
    even
        Whether a row that has not as many cells as the first one is a `BadRecord`.
    encoding
        Encoding of lines that are not UTF-8 (`corpus_tuner.core.encodings`).

    Raises
    ------
    CorpusTunerError
        If the file as a whole cannot be read: not there, a damaged gzip file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "c.csv")
    ...     _ = file.write_text('1,"a, b"\n2,"never closed\n3,c\n')
    ...     first, bad, last = read_rows(file, ",", quoted=True)
    >>> first.cells, bad.reason, last.cells
    (['1', 'a, b'], 'broken row', ['3', 'c'])
    """
    with open_text(path, encoding) as text:
        for row, _ in _parse_rows(str(path), text, delimiter, quoted, even):
            yield from (Issue(row.location, note) for note in text.take_notes())
            yield row


def uses_quotes(path: Path, delimiter: str, encoding: str | None = None) -> bool:
    r"""Tell whether the cells of a table are quoted as in CSV.

    Many programs write tab-separated files without quoting: there a quotation mark at the beginning
    of a cell is text. Such a table counts as quoted if every cell that begins with a quotation mark
    ends with one by the rules of CSV, and no row of several lines is better explained by rows of
    one line: such a row has not as many cells as the first row, or both its first and its last line
    have as many without quoting.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "c.tsv")
    ...     _ = file.write_text('1\t"two\nlines"\n')
    ...     quoted = uses_quotes(file, "\t")
    ...     _ = file.write_text('1\t"an inch\n2\tis 1"\n')
    ...     quoted, uses_quotes(file, "\t")
    (True, False)
    """
    width = 0
    with open_text(path, encoding) as text:
        for row, lines in _parse_rows(str(path), text, delimiter, quoted=True):
            if isinstance(row, BadRecord):
                return False
            width = width or len(row.cells)
            fits = len(row.cells) == width
            whole = all(line.count(delimiter) == width - 1 for line in lines)
            if (whole and not fits) or (len(lines) > 1 and (whole or not fits)):
                return False
    return True


def _parse_rows(
    name: str, text: TextReader, delimiter: str, quoted: bool, even: bool = False
) -> Iterator[tuple[Row | BadRecord, tuple[str, ...]]]:
    """Yield every row with its first line and, if it has several, its last."""
    csv.field_size_limit(MAX_LINE_BYTES)
    width = 0
    lines = _Lines(text)
    rows = csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        lines.start_row()
        location = f"{name}:{lines.number + 1}"
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _RowTooLongError:
            reason = f"the row is longer than {MAX_LINE_BYTES / 2**20:g} MiB"
            yield BadRecord(location, "", reason, "or a quotation mark is not closed"), ()
            lines.go_back()
        except csv.Error as error:
            what = "a quotation mark is not closed" if lines.at_end else str(error)
            yield BadRecord(location, "", "broken row", what), ()
            lines.go_back()
        else:
            if not any(cells):
                continue
            width = width or len(cells)
            if even and len(cells) != width:
                detail = f"{len(cells)} instead of {width}"
                yield BadRecord(location, "", "not as many cells as the header", detail), ()
                lines.go_back()
            else:
                yield Row(location, cells), lines.ends


class _Lines:
    """Lines of a table; those of a row but the first can be read again."""

    def __init__(self, text: TextReader) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._left = 0  # characters that the row may still have
        self._row: list[str] = []
        self.number = 0
        self.at_end = False

    @property
    def ends(self) -> tuple[str, ...]:
        """First line of the row and, if it has several, the last one."""
        ends = self._row if len(self._row) < 2 else (self._row[0], self._row[-1])
        return tuple(line.rstrip("\r\n") for line in ends)

    def start_row(self) -> None:
        self._left = MAX_LINE_BYTES
        self._row = []

    def go_back(self) -> None:
        """Go on with the second line of the row."""
        self._again.extendleft(reversed(self._row[1:]))
        self.number -= len(self._row) - 1
        self.at_end = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else ""
        if not line.endswith(_END_OF_LINE):
            # One character too many is read, never the rest of a line that does not end.
            line += self._text.readline(max(0, self._left + 1 - len(line)))
        if not line:
            self.at_end = True
            raise StopIteration
        self.number += 1
        self._left -= len(line)
        self._row.append(line)
        if self._left < 0:
            if len(self._row) == 1:
                self._skip_line(line)
            raise _RowTooLongError
        return line

    def _skip_line(self, line: str) -> None:
        """Skip the rest of a line."""
        while line and not line.endswith(_END_OF_LINE):
            line = self._text.readline(1 << 16)
