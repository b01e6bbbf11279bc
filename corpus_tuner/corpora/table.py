"""Tables of text with a header row; columns that are not named become metadata.

What parts the columns is found by itself: a comma, a semicolon, a tab or a vertical bar.
"""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from corpus_tuner.errors import CorpusTunerError, setting
from corpus_tuner.eval.records import MAX_LINE_BYTES, BadRecord, Record, open_bytes

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 1 << 16, 50


def read(path: Path, delimiter: str | None = None) -> Iterator[Record | BadRecord]:
    """Read the rows, each with the number of the line at which it begins.

    Bytes that are not UTF-8 come through as surrogates, which no checked document may have.

    Parameters
    ----------
    path
        A file, which may be gzipped.
    delimiter
        One character; by default it is found.

    Raises
    ------
    CorpusTunerError
        If there is no header, it names a column twice or has one only, a quotation mark is not
        closed, or a row is larger than `MAX_LINE_BYTES`.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    delimiter = delimiter or _find_delimiter(path)
    with open_bytes(path) as file:
        lines = _Lines(path, _text(file))
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        while True:
            lines.start_row()
            location = f"{path}:{rows.line_num + 1}"
            try:
                row = next(rows)
            except StopIteration:
                break
            except csv.Error as error:
                # The reader cannot find the start of the next row after this.
                raise CorpusTunerError(
                    f"{path}:{rows.line_num}: broken table ({error}): mend this line"
                ) from error
            if header is None:
                if any(row):
                    header = _header(row, location)
            elif not any(row):
                continue
            elif len(row) != len(header):
                detail = f"{len(row)} instead of {len(header)}"
                yield BadRecord(location, "", "not as many cells as the header", detail)
            else:
                yield Record(location, dict(zip(header, row, strict=True)))
    if header is None:
        raise CorpusTunerError(f"{path} is empty: the first line must name the columns")


class _Lines:
    """The lines of a table, with a limit on the size of a row, which may have several."""

    def __init__(self, path: Path, text: IO[str]) -> None:
        self._path, self._text = path, text
        self._number = self._left = 0
        self.start_row()

    def start_row(self) -> None:
        self._left = MAX_LINE_BYTES

    def __iter__(self) -> Iterator[str]:
        # One character too many is read, never the rest of a line that does not end.
        while line := self._text.readline(self._left + 1):
            self._number += 1
            self._left -= len(line)
            if self._left < 0:
                raise CorpusTunerError(
                    f"{self._path}:{self._number}: the row is longer than "
                    f"{MAX_LINE_BYTES // 2**20} MiB: this is no table, or a quotation mark is "
                    "not closed"
                )
            yield line


def _text(file: IO[bytes]) -> IO[str]:
    return io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")


def _header(row: list[str], location: str) -> list[str]:
    header = [name.strip() for name in row]
    if len(set(header)) != len(header) or "" in header:
        raise CorpusTunerError(
            f"{location}: the header must name every column, and each once: {row}"
        )
    if len(header) == 1:
        raise CorpusTunerError(
            f"{location}: the header has one column, {header[0][:80]!r}, and an id and a text are "
            "needed; if it is several, name the delimiter: "
            + setting({"corpus.delimiter": ":"}, "--set corpus.delimiter=':'")
        )
    return header


def _find_delimiter(path: Path) -> str:
    """Return the delimiter that parts the header, and the first rows into as many cells."""
    with open_bytes(path) as file:
        sample = _text(file).read(_SAMPLE_CHARACTERS)
    is_tsv = Path(path.name.removesuffix(".gz")).suffix.lower() == ".tsv"
    usual = "\t" if is_tsv else ","
    return max(_DELIMITERS, key=lambda one: (*_fit(sample, one), one == usual))


def _fit(sample: str, delimiter: str) -> tuple[bool, float, int]:
    """Tell how well a delimiter fits: if it parts the header, rows alike, columns."""
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        found = [row for row in islice(rows, _SAMPLE_ROWS) if any(row)]
    except csv.Error:
        return False, 0.0, 0
    if len(sample) == _SAMPLE_CHARACTERS and len(found) > 1:
        found.pop()  # it may be cut
    width = len(found[0]) if found else 0
    alike = sum(len(row) == width for row in found) / max(1, len(found))
    return width > 1, alike, width
