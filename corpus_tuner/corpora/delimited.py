"""Tables of text with a header row; columns that are not named become metadata.

The delimiter (a comma, a semicolon, a tab or a vertical bar), the use of quotation marks in
tab-separated files and the types of the columns are found by reading the table once.
"""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.delimited import Row, read_rows, uses_quotes
from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import BadRecord, Note, Record
from corpus_tuner.corpora.column_types import Column, Conversion
from corpus_tuner.corpora.field_mapping import ROLES, field_of
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 1 << 16, 50


class _Form(NamedTuple):
    """How a table is read: the conversions are those of the columns that become metadata."""

    delimiter: str
    quoted: bool
    header: list[str]
    conversions: dict[str, Conversion]
    joined: str = ""  # the field of all cells together, where no column is the text


class Table:
    """A table in a file, which may be gzipped; every pass over it converts cells in the same way.

    Parameters
    ----------
    path
        The file.
    settings
        May name the delimiter, fields, and types of columns.
    one_of_many
        Whether it is a file of a folder, which need not have the columns that the settings name.
    """

    def __init__(self, path: Path, settings: CorpusSettings, *, one_of_many: bool = False) -> None:
        self._path = path
        self._settings = settings
        self._one_of_many = one_of_many
        self._form: _Form | None = None

    def read(self) -> Iterator[Record | BadRecord | Note]:
        """Read the rows, each with the number of the line at which it begins.

        Raises
        ------
        CorpusTunerError
            If there is no header, or it names a column more than once; or if `CorpusSettings.types`
            names columns that are not there.
        """
        form = self._form = self._form or self._found_form()
        below_header = False
        for row in self._rows(form.delimiter, form.quoted):
            if not isinstance(row, Row):
                yield row
            elif below_header:
                yield _record(row, form)
            else:
                below_header = True

    def _rows(self, delimiter: str, quoted: bool) -> Iterator[Row | BadRecord | Note]:
        encoding = self._settings.encoding
        return read_rows(self._path, delimiter, quoted=quoted, even=True, encoding=encoding)

    def _found_form(self) -> _Form:
        encoding = self._settings.encoding
        delimiter = self._settings.delimiter or _find_delimiter(self._path, encoding)
        quoted = delimiter != "\t" or uses_quotes(self._path, delimiter, encoding)
        rows = (row for row in self._rows(delimiter, quoted) if not isinstance(row, Note))
        first = next(rows, None)
        if first is None:
            raise CorpusTunerError(f"{self._path} is empty: the first line must name the columns")
        if isinstance(first, BadRecord):
            raise CorpusTunerError(f"{first}: the first line must name the columns")
        header = _header(first)
        roles = {field_of(role, header, self._settings) for role in ROLES}
        types = self._settings.types
        unknown = sorted(types.keys() - {*header} | types.keys() & roles)
        if unknown and not self._one_of_many:
            raise CorpusTunerError(
                f"{first.location}: corpus.types names {', '.join(map(repr, unknown))}, and the "
                f"columns that can have a type are "
                f"{', '.join(repr(name) for name in header if name not in roles) or 'none'}"
            )
        columns = {name: Column(types.get(name)) for name in header if name not in roles}
        positions = [(header.index(name), column) for name, column in columns.items()]
        for row in rows:
            if isinstance(row, Row):
                for position, column in positions:
                    column.add(row.cells[position])
        conversions = {name: column.conversion(delimiter) for name, column in columns.items()}
        joined = self._one_of_many and not field_of("text", header, self._settings)
        name = (self._settings.text or "text") if joined else ""
        return _Form(delimiter, quoted, header, conversions, name)


def _record(row: Row, form: _Form) -> Record | BadRecord:
    fields: dict[str, object] = {}
    for name, cell in zip(form.header, row.cells, strict=True):
        convert = form.conversions.get(name)
        if convert is None:
            fields[name] = cell
        elif cell.strip():  # a cell without text is no value
            try:
                fields[name] = convert(cell)
            except ValueError as error:
                return BadRecord(row.location, name, str(error), repr(cell[:80]))
    if form.joined:
        cells = zip(form.header, row.cells, strict=True)
        fields[form.joined] = "\n".join(f"{name}: {cell}" for name, cell in cells if cell.strip())
    return Record(row.location, fields)


def _header(row: Row) -> list[str]:
    header = [name.strip() or f"column {n}" for n, name in enumerate(row.cells, start=1)]
    if len(set(header)) != len(header):
        raise CorpusTunerError(
            f"{row.location}: the header names a column more than once: {row.cells}"
        )
    return header


def _find_delimiter(path: Path, encoding: str | None) -> str:
    """Return the delimiter that separates the header, and the first rows into as many cells."""
    with open_text(path, encoding) as text:
        sample = text.read(_SAMPLE_CHARACTERS)
    is_tsv = Path(path.name.removesuffix(".gz")).suffix.lower() == ".tsv"
    usual = "\t" if is_tsv else ","
    return max(_DELIMITERS, key=lambda one: (*_fit(sample, one), one == usual))


def _fit(sample: str, delimiter: str) -> tuple[bool, float, int]:
    """Tell how well a delimiter fits: if it separates the header, rows alike, columns."""
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
