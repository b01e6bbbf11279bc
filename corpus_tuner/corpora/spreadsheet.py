"""Spreadsheets (.xlsx): one record a row, with a header row in each sheet (extra ``documents``)."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from corpus_tuner.core.records import MAX_LINE_BYTES, Record
from corpus_tuner.corpora.field_mapping import ROLES, check_header, find_field
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

MOST_TAGS = 8_000_000
"""Maximum number of tags outside of rows: openpyxl reads all of them at once, up to 200 bytes for
each. A shared text takes four."""
SHEET = "sheet"
"""Field of the name of the sheet, if there are several."""
_SHEETS = "xl/worksheets/sheet"


def read(path: Path, settings: CorpusSettings) -> Iterator[Record]:
    """Yield the rows, each with its sheet and number; formulas have the values last computed.

    Raises
    ------
    CorpusTunerError
        If the file is damaged, unpacks to too much, or a header names a column more than once.
    """
    try:
        _check_unpacked(path)
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            several = len(workbook.worksheets) > 1
            for sheet in workbook.worksheets:
                named = sheet.title.strip() if several else ""
                columns = sheet.max_column
                sheet.reset_dimensions()  # or empty rows follow up to the last one that it names
                rows = sheet.iter_rows(max_col=columns, values_only=True)
                yield from _read_rows(path, named, rows, settings)
        finally:
            workbook.close()
    except (
        *(InvalidFileException, zipfile.BadZipFile, ParseError, OSError),
        *(KeyError, ValueError, TypeError, AttributeError, IndexError),  # of a damaged file
    ) as error:
        if isinstance(error, CorpusTunerError):
            raise
        raise CorpusTunerError(f"cannot read {path}: {type(error).__name__}: {error}") from error


def _read_rows(
    path: Path, sheet: str, rows: Iterator[Sequence[Any]], settings: CorpusSettings
) -> Iterator[Record]:
    header: list[str] = []
    roles: dict[str, str | None] = {}
    for number, cells in enumerate(rows, start=1):
        location = f"{path}:{sheet + '!' if sheet else ''}{number}"
        if cells.count(None) == len(cells) or not any(map(_convert_to_text, cells)):
            continue
        if not header:
            header = check_header(location, map(_convert_to_text, cells))
            roles = {role: find_field(role, header, settings) for role in ROLES}
            continue
        fields: dict[str, Any] = {SHEET: sheet} if sheet else {}
        for column, cell in zip(header, cells, strict=False):
            if column in roles.values():
                fields[column] = _convert_to_text(cell)
            elif _convert_to_text(cell):  # a cell without text is no value
                fields[column] = cell
        if sheet and (id_ := roles["id"]) and fields.get(id_):
            fields[id_] = f"{sheet}!{fields[id_]}"  # sheets number their rows alike
        yield Record(location, fields)


def _convert_to_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date | datetime | time):
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()


def _check_unpacked(path: Path) -> None:
    """Refuse a file that unpacks to gigabytes, or that openpyxl would read into gigabytes."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > 16 * MAX_LINE_BYTES:
            limit = f"{16 * MAX_LINE_BYTES // 2**20} MiB"
            raise CorpusTunerError(f"{path} unpacks to more than {limit}")
        for entry in entries:
            if entry.filename.startswith(_SHEETS):
                continue  # read row by row
            with archive.open(entry) as file:
                blocks = iter(partial(file.read, 2**20), b"")
                if sum(block.count(b"<") for block in blocks) > MOST_TAGS:
                    what = f"has more than {MOST_TAGS:,} tags"
                    raise CorpusTunerError(f"{path}: {entry.filename} {what}: save it as CSV")
