"""Tables of text: types of columns, quotation marks, and rows that cannot be read."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.core.delimited import read_rows, uses_quotes
from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import Issue
from corpus_tuner.corpora import CorpusSettings
from tests.cli.conftest import Run

ONE_FOLDER = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


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


def test_a_type_is_decided_by_the_whole_table(tmp_path: Path) -> None:
    rows = "".join(f"{number},A mill.,{number}\n" for number in range(5_000))
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(f"id,text,value\n{rows}x,A mill.,unknown\n".encode()))
    corpus = Corpus(path)
    for _ in range(2):
        assert [document.metadata["value"] for document in corpus][:2] == ["0", "1"]


def test_ids_titles_and_texts_are_text(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("id,title,text\n1,2024,7\n2,2025,8\n", encoding="utf-8")
    assert [(one.id, one.title, one.text) for one in Corpus(path)] == [
        ("1", "2024", "7"),
        ("2", "2025", "8"),
    ]


def test_filters_on_typed_columns(tmp_path: Path, run: Run, small: list[str]) -> None:
    path = tmp_path / "c.csv"
    path.write_text(
        "id,text,price,zip\na,A mill.,9.50,01067\nb,A barn.,10.25,10115\nc,A lamp.,,20095\n",
        encoding="utf-8",
    )
    assert run("build", path, "-o", tmp_path / "i", *small).code == 0
    found = run("search", tmp_path / "i", "mill", "--filter", "price>=10", "--json")
    assert [hit["id"] for hit in json.loads(found.out)["hits"]] == ["b"]
    fields = json.loads(run("info", tmp_path / "i", "--json").out)["fields"]
    assert fields["price"] == {"documents": 2, "types": {"number": 2}}
    assert fields["zip"]["types"] == {"text": 3}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # An unclosed quotation mark is a character like any other.
        ('1\tone\n2\t"unclosed\n3\tinnocent\n4\tends with"\n5\tlast\n', "12345"),
        ('1\tone\n2\t"unclosed\n3\tinnocent\n', "123"),
        ('1\t"Quoted" at the start\n2\t5" pipe\n', "12"),
        ('1\t"a\n2\tb"\n', "12"),
        # As Excel exports: quoted where needed, with line breaks and doubled marks.
        ('1\t"two\nlines"\n2\t"he said ""no"""\n3\tplain\n', "123"),
    ],
)
def test_quotation_marks_in_tab_separated_tables(text: str, ids: str, tmp_path: Path) -> None:
    path = tmp_path / "c.tsv"
    path.write_text(f"id\ttext\n{text}", encoding="utf-8")
    assert "".join(document.id for document in Corpus(path)) == ids


@pytest.mark.parametrize(
    ("text", "ids", "bad"),
    [
        ('1,one\n2,"never closed\n3,three\n4,four\n', "134", 1),
        ('1,one\n2,"opens\n3,three\n4,"closes" badly\n5,five\n', "135", 2),
        ('1,one\n2,"a" b\n3,three\n', "13", 1),
        ('1,"x\n2,y\n3",z,w\n4,four\n', "24", 2),
        ("1,one\n2\n3,three,more\n4,four\n", "14", 2),
    ],
)
def test_a_broken_row_costs_one_row(text: str, ids: str, bad: int, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"id,text\n{text}", encoding="utf-8")
    corpus = Corpus(path, CorpusSettings(on_bad_record="skip"))
    assert "".join(document.id for document in corpus) == ids
    assert sum(corpus.skipped.values()) == bad
    with pytest.raises(CorpusTunerError, match=r"c\.csv:[123]"):
        list(Corpus(path))


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@ONE_FOLDER
@given(
    table=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_what_is_written_as_a_table_comes_back(
    table: list[list[str]], delimiter: str, tmp_path: Path
) -> None:
    if delimiter == "\t":  # a cell with tabs and line breaks reads like rows
        table = [[cell.replace("\t", " ") for cell in row] for row in table]
    width = len(table[0]) if table else 2
    written = [[f"column {number}" for number in range(width)], *table]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(written)
    path = tmp_path / "c.csv"
    path.write_text(file.getvalue(), encoding="utf-8", newline="")
    quoted = uses_quotes(path, delimiter)
    assert quoted
    rows = read_rows(path, delimiter, quoted=quoted, even=True)
    assert [row[1] for row in rows] == [row for row in written if any(row)]


@ONE_FOLDER
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.text(st.sampled_from('ab"\n\r\t,'), max_size=60).map(str.encode),
    ),
    delimiter=st.sampled_from(",\t"),
    quoted=st.booleans(),
    even=st.booleans(),
)
def test_no_line_is_lost_uncounted(
    data: bytes, delimiter: str, quoted: bool, even: bool, tmp_path: Path
) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(data)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b"):
        return
    with open_text(path) as text:
        every = iter(text.readline, "")
        lines = [line for line in every if line.strip(f'{delimiter}"\r\n')]
    read = read_rows(path, delimiter, quoted=quoted, even=even)
    rows = [row for row in read if not isinstance(row, Issue)]
    starts = [int(row.location.rpartition(":")[2]) for row in rows]
    assert starts == sorted(set(starts))
    if not quoted:
        assert len(rows) >= len(lines)
    elif lines:
        assert rows
