"""Tables: text with a header row (CSV, TSV), and Parquet; other columns become metadata.

The delimiter (a comma, a semicolon, a tab or a vertical bar), the use of quotation marks in
tab-separated files and the types of the columns are found by reading the table once.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.delimited import Row, find_delimiter, read_rows, uses_quotes
from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import BadRecord, Issue, Record
from corpus_tuner.corpora.column_types import Column, Conversion
from corpus_tuner.corpora.field_mapping import ROLES, check_header, find_field
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

_SAMPLE_CHARACTERS = 1 << 16
_PARQUET_ROWS = 1_024  # read at once


class _Dialect(NamedTuple):
    """Delimiter, quoting, header, and the conversions of the columns that become metadata."""

    delimiter: str
    quoted: bool
    header: list[str]
    conversions: dict[str, Conversion]
    joined: str = ""  # the field of all cells together, where no column is the text


class Table:
    """Reader of a table of text; every pass over it converts cells in the same way.

    A file that is `one_of_many` in a folder need not have the columns that the settings name.
    """

    def __init__(self, path: Path, settings: CorpusSettings, *, one_of_many: bool = False) -> None:
        self._path = path
        self._settings = settings
        self._one_of_many = one_of_many

    def read(self) -> Iterator[Record | BadRecord | Issue]:
        """Read the rows, each with the number of the line at which it begins.

        Raises
        ------
        CorpusTunerError
            If there is no header, or it names a column more than once; or if `CorpusSettings.types`
            names columns that are not there.
        """
        dialect = self._dialect
        below_header = False
        for row in self._read_rows(dialect.delimiter, dialect.quoted):
            if not isinstance(row, Row):
                yield row
            elif below_header:
                yield _make_record(row, dialect)
            else:
                below_header = True

    def _read_rows(self, delimiter: str, quoted: bool) -> Iterator[Row | BadRecord | Issue]:
        encoding = self._settings.encoding
        return read_rows(self._path, delimiter, quoted=quoted, even=True, encoding=encoding)

    def _find_delimiter(self) -> str:
        with open_text(self._path, self._settings.encoding) as text:
            sample = text.read(_SAMPLE_CHARACTERS)
        if len(sample) == _SAMPLE_CHARACTERS:  # the last row is cut
            sample = sample[: sample.rfind("\n") + 1] or sample
        is_tsv = Path(self._path.name.removesuffix(".gz")).suffix.lower() == ".tsv"
        return find_delimiter(sample, "\t" if is_tsv else ",")

    @cached_property
    def _dialect(self) -> _Dialect:
        encoding = self._settings.encoding
        delimiter = self._settings.delimiter or self._find_delimiter()
        quoted = delimiter != "\t" or uses_quotes(self._path, delimiter, encoding)
        rows = (row for row in self._read_rows(delimiter, quoted) if not isinstance(row, Issue))
        first = next(rows, None)
        if first is None:
            raise CorpusTunerError(f"{self._path} is empty: the first line must name the columns")
        if isinstance(first, BadRecord):
            raise CorpusTunerError(f"{first}: the first line must name the columns")
        header = check_header(*first)
        roles = {find_field(role, header, self._settings) for role in ROLES}
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
        conversions = {name: column.get_conversion(delimiter) for name, column in columns.items()}
        joined = self._one_of_many and not find_field("text", header, self._settings)
        name = (self._settings.text or "text") if joined else ""
        return _Dialect(delimiter, quoted, header, conversions, name)


def _make_record(row: Row, dialect: _Dialect) -> Record | BadRecord:
    fields: dict[str, object] = {}
    for name, cell in zip(dialect.header, row.cells, strict=True):
        convert = dialect.conversions.get(name)
        if convert is None:
            fields[name] = cell
        elif cell.strip():  # a cell without text is no value
            try:
                fields[name] = convert(cell)
            except ValueError as error:
                return BadRecord(row.location, name, str(error), repr(cell[:80]))
    if dialect.joined:
        cells = zip(dialect.header, row.cells, strict=True)
        fields[dialect.joined] = "\n".join(
            f"{name}: {cell}" for name, cell in cells if cell.strip()
        )
    return Record(row.location, fields)


def read_parquet(path: Path) -> Iterator[Record]:
    """Read the rows of a Parquet file, each with its number (extra ``parquet``).

    Raises
    ------
    CorpusTunerError
        If the file is damaged.
    """
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_PARQUET_ROWS):
                for fields in batch.to_pylist():
                    number += 1
                    yield Record(f"{path}:{number}", fields)
    except (pyarrow.ArrowException, OSError) as error:
        raise CorpusTunerError(f"cannot read {path} behind row {number}: {error}") from error
