"""A corpus: records in any format and encoding, read as documents."""

import csv
import gzip
import io
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner import Corpus, CorpusTunerError, Document
from corpus_tuner.corpora import CorpusSettings
from tests.conftest import write_jsonl
from tests.corpora.conftest import DOCUMENTS, RECORDS, get_examples


def test_a_corpus_can_be_read_twice(tmp_path: Path) -> None:
    corpus = Corpus(str(write_jsonl(tmp_path / "c.jsonl", RECORDS)))
    assert list(corpus) == list(corpus) == DOCUMENTS
    assert corpus.sample(1) == DOCUMENTS[:1]


def test_a_limit_reads_the_first_documents(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "c.jsonl", [*RECORDS, {"_id": "x", "text": 7}])
    first = CorpusSettings(limit=len(RECORDS))
    corpus = Corpus(str(path), first)
    assert list(corpus) == list(corpus) == DOCUMENTS
    assert corpus.count() == len(corpus.sample(99)) == len(RECORDS)
    assert Corpus(DOCUMENTS, first).count() == len(DOCUMENTS)
    with pytest.raises(CorpusTunerError, match=r"c.jsonl:\d"):
        list(Corpus(str(path)))


def test_named_fields_and_other_fields_as_metadata(tmp_path: Path) -> None:
    record = {"nr": 7, "head": "H", "body": "B", "year": 1999, "metadata": {"topic": "law"}}
    path = write_jsonl(tmp_path / "c.jsonl", [record])
    chosen = CorpusSettings(id="nr", title="head", text="body")
    expected = Document("7", "H", "B", {"year": 1999, "topic": "law"})
    assert list(Corpus(str(path), chosen)) == [expected]


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    lines = "\r\n".join(json.dumps(record) for record in RECORDS)
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert list(Corpus(str(path))) == DOCUMENTS


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv"])
@pytest.mark.parametrize(
    ("encoding", "declared", "note"),
    [
        ("cp1252", None, "not UTF-8: read as windows-1252"),
        ("utf-16", None, "not UTF-8: read as UTF-16"),
        ("utf-16-le", "utf-16-le", ""),
        ("iso8859-2", "latin2", ""),
    ],
)
def test_records_in_any_encoding(
    tmp_path: Path, name: str, encoding: str, declared: str | None, note: str
) -> None:
    lines = {
        "c.jsonl": '{"_id": "a", "text": "Plain."}\n{"_id": "b", "text": "Mühle"}\n',
        "c.csv": "id,text\na,Plain.\nb,Mühle\n",
    }[name]
    path = tmp_path / name
    path.write_bytes(lines.encode(encoding))
    for gzipped in (False, True):
        if gzipped:
            path = tmp_path / f"{name}.gz"
            path.write_bytes(gzip.compress(lines.encode(encoding)))
        corpus = Corpus(path, CorpusSettings(encoding=declared))
        assert list(corpus) == [Document("a", "", "Plain."), Document("b", "", "Mühle")]
        assert corpus.skipped == ({note: 1} if note else {})
    if encoding == "cp1252":
        assert get_examples(corpus)[note].endswith({"c.jsonl": ":2", "c.csv": ":3"}[name])


@pytest.mark.parametrize(("name", "delimiter"), [("c.csv", ","), ("c.tsv", "\t")])
def test_tables(tmp_path: Path, name: str, delimiter: str) -> None:
    text = delimiter.join(["id", "title", "text", "topic"]) + "\n"
    text += delimiter.join(["a", "Mills", '"By the\nriver"', "trade"]) + "\n\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    expected = [Document("a", "Mills", "By the\nriver", {"topic": "trade"})]
    assert list(Corpus(str(tmp_path / name))) == expected


def test_the_delimiter_of_a_table_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("id#text\na#A mill, by the river\n", encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"c\.csv:2.*it has 'id#text'.*'delimiter': ':'"):
        list(Corpus(path))
    assert list(Corpus(path, CorpusSettings(delimiter="#"))) == [
        Document("a", "", "A mill, by the river")
    ]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow.parquet

    path = tmp_path / "c.parquet"
    records = [{"id": 7, "text": "A mill.", "day": date(2026, 3, 1)}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
    assert list(Corpus(path)) == [Document("7", "", "A mill.", {"day": "2026-03-01"})]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CorpusTunerError, match=r"cannot read .*c\.parquet"):
        list(Corpus(path))


def test_folder_of_texts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.md").write_text("# A heading\n\nThe text.", encoding="utf-8")
    (tmp_path / "a.txt").write_text("Plain text.", encoding="utf-8")
    (tmp_path / ".hidden.txt").write_text("no", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    corpus = Corpus(str(tmp_path))
    assert [(each.id, each.title, each.text) for each in corpus] == [
        ("a.txt", "a", "Plain text."),
        ("deep/b.md", "A heading", "The text."),
    ]
    assert corpus.skipped == {"hidden files": 1, "files that no reader knows, .png": 1}
    assert get_examples(corpus)["files that no reader knows, .png"] == str(tmp_path / "picture.png")


def test_a_folder_is_not_left_through_links(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("secret", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.txt").write_text("mine", encoding="utf-8")
    (inside / "link.txt").symlink_to(tmp_path / "outside.txt")
    assert [document.id for document in Corpus(str(inside))] == ["a.txt"]


characters = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\u00ad\u200b\u2060\ufeff"
)
texts = st.text(characters, min_size=1).filter(str.strip)


@given(st.lists(st.tuples(texts, texts), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_written_as_json_comes_back(
    tmp_path: Path, pairs: list[tuple[str, str]]
) -> None:
    records = [{"_id": str(n), "title": a, "text": b} for n, (a, b) in enumerate(pairs)]
    corpus = Corpus(str(write_jsonl(tmp_path / "c.jsonl", records)))
    expected = [Document(str(n), a.strip(), b.strip()) for n, (a, b) in enumerate(pairs)]
    assert list(corpus) == expected


@given(st.lists(st.tuples(texts, texts), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_written_as_csv_comes_back(
    tmp_path: Path, pairs: list[tuple[str, str]]
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["id", "title", "text"])
    writer.writerows((n, a, b) for n, (a, b) in enumerate(pairs))
    (tmp_path / "c.csv").write_text(file.getvalue(), encoding="utf-8", newline="")
    expected = [Document(str(n), a.strip(), b.strip()) for n, (a, b) in enumerate(pairs)]
    assert list(Corpus(str(tmp_path / "c.csv"))) == expected


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_bring_anything_but_documents_or_a_clear_error(
    tmp_path: Path, data: bytes
) -> None:
    from corpus_tuner import EvaluationError

    for name in ("c.jsonl", "c.csv"):
        (tmp_path / name).write_bytes(data)
        for policy in ("fail", "skip"):
            try:
                corpus = Corpus(str(tmp_path / name), CorpusSettings(on_bad_record=policy))
                assert all(isinstance(document, Document) for document in corpus)
            except (CorpusTunerError, EvaluationError) as error:
                assert name in str(error)


def test_usual_names_in_any_case(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("ID;Titel;Text;Ort\na;Mühle;Sie mahlt.;Tal\n", encoding="utf-8")
    assert list(Corpus(table)) == [Document("a", "Mühle", "Sie mahlt.", {"Ort": "Tal"})]


def test_marks_of_where_words_may_be_broken_are_removed() -> None:
    record = {
        "id": "a\u00adb",
        "title": "\ufeffMühl\u00adrad",
        "text": "data\u200bbase, no\u2060one",
    }
    (document,) = Corpus([record])
    assert document == Document("a\u00adb", "Mühlrad", "database, noone")
