"""Files that have several records, alone and in a folder."""

from pathlib import Path

from corpus_tuner import Corpus, Document
from tests.corpora.conftest import write_file


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
    assert f"{tmp_path}/twice.csv" in str(corpus.examples["a table or records that cannot be read"])
