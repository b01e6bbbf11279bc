"""Files that have several records, alone and in a folder."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Corpus, Document
from corpus_tuner.core.records import Record
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.corpora.record_files import Source, find_suffix
from tests.corpora.conftest import get_examples, write_file

USUAL = CorpusSettings()


def test_rows_of_files_in_a_folder_are_documents(tmp_path: Path) -> None:
    import openpyxl
    import pyarrow.parquet

    write_file(tmp_path / "notes" / "a.txt")
    write_file(tmp_path / "kunden.csv", "ID;Titel;Text;Umsatz\nK1;Mühle;Sie mahlt.;12,50\n")
    write_file(tmp_path / "rows.csv", "Nummer;Firma;Umsatz\n1;Müller;12.500,00\n2;Mai;\n2;Mai;\n")
    write_file(tmp_path / "lines.jsonl", '{"id": 7, "text": "A barn."}\nbroken\n"alone"\n')
    write_file(tmp_path / "array.json", '[{"text": "A lamp.", "n": 1}]')
    write_file(tmp_path / "config.json", '{\n  "port": 8080,\n  "tls": true\n}\n')
    write_file(tmp_path / "twice.csv", "a,a\n1,2\n")
    table = pyarrow.Table.from_pylist([{"id": "p", "text": "A pump."}])
    pyarrow.parquet.write_table(table, tmp_path / "p.parquet")
    workbook = openpyxl.Workbook()
    workbook.active.title = "One"
    for row in (["id", "text", "price"], [1, "A stool.", 9.5], [2, "A chair.", None]):
        workbook.active.append(row)
    sheet = workbook.create_sheet("Two")
    for line in ([None, None], ["id", "text"], [1, "A table."]):
        sheet.append(line)
    workbook.create_sheet("Empty")
    workbook.save(tmp_path / "x.xlsx")
    corpus = Corpus(tmp_path)
    documents = {document.id: document for document in corpus}
    assert [*corpus] == [*documents.values()]
    named = {id_ for id_ in documents if not id_.startswith(("rows.csv#", "array", "config"))}
    assert named == {
        *("notes/a.txt", "kunden.csv#K1", "lines.jsonl#7", "p.parquet#p"),
        *("x.xlsx#One!1", "x.xlsx#One!2", "x.xlsx#Two!1"),
    }
    assert documents["kunden.csv#K1"] == Document(
        "kunden.csv#K1",
        "Mühle",
        "Sie mahlt.",
        {"path": "kunden.csv", "folder": ".", "Umsatz": 12.5},
    )
    rows = [one for one in documents.values() if one.metadata["path"] == "rows.csv"]
    assert [one.text for one in rows] == [
        "Nummer: 1\nFirma: Müller\nUmsatz: 12.500,00",
        "Nummer: 2\nFirma: Mai",
    ]
    assert rows[0].metadata["Umsatz"] == 12500
    stool = documents["x.xlsx#One!1"].metadata
    assert (stool["sheet"], stool["price"]) == ("One", 9.5)
    (config,) = (one for one in documents.values() if one.metadata["path"] == "config.json")
    assert config.text == "port: 8080\ntls: True"
    assert corpus.skipped == {
        "broken JSON": 1,
        "_id: missing": 1,
        "the same as an earlier record": 1,
        "a table or records that cannot be read": 1,
    }
    assert f"{tmp_path}/twice.csv" in get_examples(corpus)["a table or records that cannot be read"]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        *(("a.CSV", ".csv"), ("a.tsv.gz", ".tsv"), ("a.jsonl.gz", ".jsonl"), ("a.json", ".json")),
        *(("a.parquet", ".parquet"), ("a.xlsx", ".xlsx")),
        *(
            ("a.parquet.gz", ""),
            ("a.xlsx.gz", ""),
            ("a.TXT", ".txt"),
            ("a.py", ""),
            ("csv", ""),
            (".gz", ""),
        ),
    ],
)
def test_the_suffix_decides_how_a_file_is_read(name: str, suffix: str) -> None:
    assert find_suffix(name) == suffix


def test_ids_are_hashes_where_no_record_has_one() -> None:
    named, nameless = Record("a:1", {"id": "a", "text": "x"}), Record("a:2", {"text": "y"})

    def find(*records: Record, settings: CorpusSettings = USUAL, **choice: Any) -> list[bool]:
        source = Source(lambda: iter(records), **choice)
        return [*map(source.find_hashing(settings), records)]

    assert find(nameless, named) == [False, False]
    assert find(nameless, nameless) == [True, True]
    assert find(nameless, named, ids="first") == [True, True]
    assert find(nameless, named, ids="each") == [True, False]
    assert find(named, settings=CorpusSettings(id="auto")) == [True]
    assert find(nameless, settings=CorpusSettings(id="nr")) == [False]
    assert find(nameless, settings=CorpusSettings(id="nr"), one_of_many=True) == [True]
