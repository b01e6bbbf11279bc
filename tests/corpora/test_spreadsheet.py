"""Spreadsheets: one record a row, with a header in each sheet."""

import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from corpus_tuner.corpora import CorpusSettings, spreadsheet
from corpus_tuner.errors import CorpusTunerError


def write_workbook(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_cells_have_the_types_of_the_sheet(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "text", "price", "day", None],
        [7.0, 2024, 9.5, date(2026, 3, 1), "x"],
    ]
    path = write_workbook(tmp_path / "a.xlsx", One=[[None], *rows, [" "], [8, "A mill."]])
    first, second = spreadsheet.read(path, CorpusSettings())
    assert first.location == f"{path}:3"
    assert {**first.fields, "day": str(first.fields["day"])[:10]} == {
        **{"id": "7", "text": "2024", "price": 9.5, "day": "2026-03-01", "column 5": "x"},
    }
    assert (second.location, second.fields) == (f"{path}:5", {"id": "8", "text": "A mill."})


def test_several_sheets_number_their_rows_alike(tmp_path: Path) -> None:
    table: list[list[object]] = [["id", "text"], [1, "A mill."], [None, "A barn."]]
    path = write_workbook(tmp_path / "a.xlsx", One=table, Two=table)
    records = list(spreadsheet.read(path, CorpusSettings()))
    assert [record.location for record in records] == [
        f"{path}:{name}!{number}" for name in ("One", "Two") for number in (2, 3)
    ]
    assert records[2].fields == {"sheet": "Two", "id": "Two!1", "text": "A mill."}
    assert records[3].fields == {"sheet": "Two", "id": "", "text": "A barn."}


def test_a_header_names_a_column_once(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", One=[["id", "text", "text"], [1, 2, 3]])
    with pytest.raises(CorpusTunerError, match=r"a\.xlsx:1: the header names a column more than"):
        list(spreadsheet.read(path, CorpusSettings()))


def test_a_sheet_that_names_a_far_corner_ends_with_its_rows(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", One=[["id", "text", "year"], [1, "A mill."]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = members[sheet].replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"')
    assert b"XFD1048576" in members[sheet]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    (record,) = spreadsheet.read(path, CorpusSettings())
    assert record.fields == {"id": "1", "text": "A mill."}


def test_too_many_shared_texts_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", One=[["id", "text"], [1, "A mill."]])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst>{'<si/>' * 1_000}</sst>")
    assert len(list(spreadsheet.read(path, CorpusSettings()))) == 1
    monkeypatch.setattr(spreadsheet, "MOST_TAGS", 1_000)
    with pytest.raises(CorpusTunerError, match=r"xl/sharedStrings\.xml has more than 1,000 tags"):
        list(spreadsheet.read(path, CorpusSettings()))


def test_a_damaged_or_huge_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", One=[["id", "text"], [1, "A mill."]])
    monkeypatch.setattr(spreadsheet, "MAX_LINE_BYTES", 10)
    with pytest.raises(CorpusTunerError, match="unpacks to more than"):
        list(spreadsheet.read(path, CorpusSettings()))
    monkeypatch.undo()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")
    with pytest.raises(CorpusTunerError, match=r"cannot read .*a\.xlsx: KeyError"):
        list(spreadsheet.read(path, CorpusSettings()))
