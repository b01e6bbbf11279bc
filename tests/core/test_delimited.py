"""Tables of text: delimiters, quotation marks, and rows that cannot be read."""

import csv
import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner import Corpus, CorpusTunerError, Document
from corpus_tuner.core import delimited
from corpus_tuner.core.delimited import read_rows, uses_quotes
from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import Issue
from corpus_tuner.corpora import CorpusSettings


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["c.csv", "c.tsv"])
def test_the_delimiter_of_a_table_is_found(tmp_path: Path, name: str, delimiter: str) -> None:
    others = "".join({",", ";", "\t", "|"} - {delimiter})
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["id", "title", "text", "topic"])
    writer.writerow(["a", f"Mills{others}", f"By the{others * 3}\nriver{delimiter}", "trade"])
    (tmp_path / name).write_text(f"\ufeff{file.getvalue()}", encoding="utf-8", newline="")
    text = f"By the{others * 3}\nriver{delimiter}"
    expected = Document("a", f"Mills{others}".strip(), text.strip(), {"topic": "trade"})
    assert list(Corpus(str(tmp_path / name))) == [expected]


@pytest.mark.parametrize(
    ("start", "endless", "limit"),
    [(b"a,", b"x" * 10_000_000, 2**18), (b'a,"', (b"x" * 63 + b"\n") * 5_000, 2**15)],
)
def test_an_endless_row_of_a_table_never_comes_into_memory(
    tmp_path: Path, start: bytes, endless: bytes, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MAX_LINE_BYTES", limit)
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(b"id,text\n" + start + endless, 1))
    tracemalloc.start()
    try:
        with pytest.raises(CorpusTunerError, match="the row is longer than"):
            list(Corpus(path))
        assert tracemalloc.get_traced_memory()[1] < 30 * limit
    finally:
        tracemalloc.stop()


ONE_FOLDER = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


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
