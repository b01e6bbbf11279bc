"""Types of the columns of tables: numbers, booleans, dates and text."""

import csv
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.corpora import CorpusSettings


def column(folder: Path, cells: list[str], delimiter: str = ",", **chosen: object) -> list[Any]:
    """Return the values of a column of metadata, ``None`` where a document has none."""
    path = folder / "c.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "text", "value"])
        writer.writerows([number, "A mill.", cell] for number, cell in enumerate(cells))
    how = CorpusSettings.model_validate({"delimiter": delimiter, **chosen})
    return [document.metadata.get("value") for document in Corpus(path, how)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["9.50", "10.25", "100", ""], [9.5, 10.25, 100, None]),
        (["-3", " 0 ", ".5", "-0.25"], [-3, 0, 0.5, -0.25]),
        (["1,234.50", "2,000,000", "7"], [1234.5, 2_000_000, 7]),
        (["1.234", "2.500"], [1.234, 2.5]),
        (["true", "False", ""], [True, False, None]),
        (["yes", "no", "Yes"], [True, False, True]),
        (["ja", "nein"], [True, False]),
        (["2026-03-01", "2024-02-29T10:00:00Z"], ["2026-03-01", "2024-02-29T10:00:00Z"]),
        (["2026-03-01 10:30", ""], ["2026-03-01T10:30", None]),
    ],
)
def test_columns_have_types(cells: list[str], expected: list[Any], tmp_path: Path) -> None:
    values = column(tmp_path, cells)
    assert values == expected
    assert [type(value) for value in values] == [type(value) for value in expected]


@pytest.mark.parametrize(
    "cells",
    [
        ["01067", "10115"],  # postcodes
        ["+49 30 1234", "+49301234"],
        ["+4930", "5"],
        ["1e5", "2e7"],
        ["4111111111111111", "5"],  # a card
        ["12", "12a"],
        ["1,2", "3,10"],  # lists
        ["12,50"],
        ["1,234", "5"],  # 1234 or 1.234
        ["true", "yes"],
        ["NO", "no"],  # Norway
        ["2026-02-30", "2026-03-01"],
        ["20260301x", "2026-03-01"],
        ["nan", "inf"],
        ["1_000", "2"],
        ["٣", "٤"],
        ["12 %", "5 %"],
    ],
)
def test_other_columns_are_text(cells: list[str], tmp_path: Path) -> None:
    assert column(tmp_path, cells) == cells


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12.500,00", "137,50", "3"], [12500.0, 137.5, 3]),
        (["-0,5", "1.000.000"], [-0.5, 1_000_000]),
        (["12.50", "137.5"], [12.5, 137.5]),
        (["1,234", "2,500"], ["1,234", "2,500"]),
        (["1,5", "2.5"], ["1,5", "2.5"]),
    ],
)
def test_decimal_commas(
    delimiter: str, cells: list[str], expected: list[Any], tmp_path: Path
) -> None:
    assert column(tmp_path, cells, delimiter) == expected


def test_thousands_or_decimals_are_text_where_the_comma_may_be_the_decimal_mark(
    tmp_path: Path,
) -> None:
    assert column(tmp_path, ["1.234", "2.500"], ";") == ["1.234", "2.500"]
    assert column(tmp_path, ["1.234", "2.500"], "\t") == [1.234, 2.5]


def test_types_can_be_named(tmp_path: Path) -> None:
    skip = {"on_bad_record": "skip"}
    assert column(tmp_path, ["12", "7"], types={"value": "text"}) == ["12", "7"]
    assert column(tmp_path, ["+1e3", "007", "n/a"], types={"value": "number"}, **skip) == [1000, 7]
    cells = ["n/a", "12,50", "1.000,00"]
    assert column(tmp_path, cells, ";", types={"value": "number"}, **skip) == [12.5, 1000]
    assert column(tmp_path, ["1", "0"], types={"value": "boolean"}) == [True, False]
    with pytest.raises(CorpusTunerError, match=r"c\.csv:3, field 'value': not a date.*'soon'"):
        column(tmp_path, ["2026-01-01", "soon"], types={"value": "date"})
    for name in ("prize", "text"):
        with pytest.raises(CorpusTunerError, match=rf"corpus\.types names '{name}'.*'value'"):
            column(tmp_path, ["1"], types={name: "text"})
