"""Folders as people have them: many kinds of files, and much that is none."""

import json
import os
import sys
import zipfile
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError, Document
from corpus_tuner.corpora import CorpusSettings, folder, formats
from corpus_tuner.corpora.formats import markdown
from tests.cli.conftest import Run

FAIL = CorpusSettings(on_bad_record="fail")


def only(source: Path) -> Document:
    (document,) = Corpus(source)
    return document


def test_front_matter_becomes_metadata(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "Übung eins.md"
    path.parent.mkdir()
    path.write_text(
        "---\ntitel: Die Mühle\ndate: 2026-03-01\nsize: large\n---\n# Die Mühle\n\nSie mahlt.\n",
        encoding="utf-8",
    )
    os.utime(path, (0, 0))
    assert only(tmp_path) == Document(
        "notes/Übung eins.md",
        "Die Mühle",
        "Sie mahlt.",
        {
            "path": "notes/Übung eins.md",
            "folder": "notes",
            "modified": "1970-01-01T00:00:00+00:00",
            "size": "large",
            "date": "2026-03-01",
        },
    )


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("# Mill #\n\nIt grinds.", "Mill", "It grinds."),
        ("---\ntitle: 7\n---\n# Mill\nIt grinds.", "7", "# Mill\nIt grinds."),
        ("---\nA rule above.\n---\nIt grinds.", "", "---\nA rule above.\n---\nIt grinds."),
        ("It grinds.\n# Mill", "", "It grinds.\n# Mill"),
    ],
)
def test_titles_of_markdown(text: str, title: str, rest: str) -> None:
    parsed = markdown.parse(text)
    assert (parsed.title, parsed.text) == (title, rest)


def test_a_web_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(
        "<html lang=de><head><meta charset=iso-8859-1><title>Die Mühle</title></head><body>"
        "<nav>Start</nav><h1>Die Mühle</h1><p>Sie <b>mahlt</b> <a href=x>Korn</a>.</p>"
        "<pre>mahle()</pre><script>track()</script><footer>Impressum</footer>".encode("latin-1")
    )
    document = only(tmp_path)
    assert document.title == "Die Mühle"
    assert document.text == "Sie mahlt Korn.\n\n```\nmahle()\n```"
    assert document.metadata["language"] == "de"


def test_an_email(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Grüße", "Ann <ann@mill.example>"
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    message.set_content("<p>The wheat <i>has</i> come.", subtype="html")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="bill.pdf")
    (tmp_path / "a.eml").write_bytes(bytes(message))
    document = only(tmp_path)
    assert (document.title, document.text) == ("Grüße", "The wheat has come.")
    wanted = {
        "from": "Ann <ann@mill.example>",
        "date": "2026-03-02T10:00:00+01:00",
        "attachments": ["bill.pdf"],
    }
    assert wanted.items() <= document.metadata.items()


def test_what_is_no_document_is_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A mill.", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "blank.pdf").touch()
    (tmp_path / "broken.docx").write_bytes(b"PK no")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "out.txt").symlink_to(__file__)
    corpus = Corpus(tmp_path)
    assert [document.id for document in corpus] == ["a.txt"]
    assert corpus.skipped == {
        "empty files": 2,
        "damaged, or not what its suffix says": 1,
        "hidden folders and libraries": 2,
        "not regular files": 1,
        "links that lead nowhere": 1,
        "links to folders": 1,
        "links that lead out of the folder": 1,
    }
    assert str(corpus.examples["not regular files"]) == str(tmp_path / "pipe.txt")


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(65 * 2**20))
    with pytest.raises(CorpusTunerError, match=r"a\.docx: larger than can be read when unpacked"):
        list(Corpus(tmp_path, FAIL))


def test_patterns_choose_files(tmp_path: Path) -> None:
    for name in ("a.md", "a.txt", "drafts/b.md", "en/deep/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A mill.", encoding="utf-8")

    def ids(**patterns: object) -> list[str]:
        corpus = Corpus(tmp_path, CorpusSettings.model_validate(patterns))
        return [document.id for document in corpus]

    assert ids(include="*.md", exclude=["drafts/"]) == ["a.md", "en/deep/c.md"]
    assert ids(include=["/en/**/*.md", "*.txt"]) == ["a.txt", "en/deep/c.md"]
    with pytest.raises(CorpusTunerError, match="patterns let through"):
        ids(include="*.pdf")


def test_readers_of_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site"
    (package / "made.dist-info").mkdir(parents=True)
    (package / "made.dist-info" / "METADATA").write_text("Name: made\nVersion: 1\n")
    (package / "made.dist-info" / "entry_points.txt").write_text(
        "[corpus_tuner.readers]\nRST = made_reader:read\n"
    )
    (package / "made_reader.py").write_text(
        "from corpus_tuner.corpora.formats import ParsedFile\n"
        "def read(path): return ParsedFile(path.read_text(), 'Made', {'kind': 'rst'})\n"
    )
    monkeypatch.syspath_prepend(package)
    for found in (formats.list_suffixes, formats.load_reader):
        monkeypatch.setattr(formats, found.__name__, cache(found.__wrapped__))
        monkeypatch.setattr(folder, found.__name__, getattr(formats, found.__name__))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.rst").write_text("A mill.", encoding="utf-8")
    document = only(tmp_path / "notes")
    assert (document.title, document.text, document.metadata["kind"]) == ("Made", "A mill.", "rst")


def test_a_missing_extra_is_named_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    (tmp_path / "a.txt").write_text("A mill.", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "corpus_tuner.corpora.formats.pdf", raising=False)
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    monkeypatch.setattr(folder, "load_reader", formats.load_reader.__wrapped__)
    with pytest.raises(CorpusTunerError, match=r"'exclude': \['\*\.pdf'\].*\[documents\]"):
        Corpus(tmp_path)
    assert [each.id for each in Corpus(tmp_path, CorpusSettings(exclude=("*.pdf",)))] == ["a.txt"]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let Markdown take long to read; the names of the files that were read."""
    read: list[str] = []

    def reader(path: Path) -> formats.ParsedFile:
        read.append(path.name)
        return markdown.read(path)

    monkeypatch.setattr(folder, "load_reader", lambda *_: reader)
    monkeypatch.setattr(folder, "get_reader_identity", lambda *_: "slow 1")
    return read


def test_files_are_read_once(tmp_path: Path, slow: list[str], small: list[str], run: Run) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    notes.mkdir()
    for name in ("a", "b", "c"):
        (notes / f"{name}.md").write_text(f"# {name}\n\nThe mill {name} turns.", encoding="utf-8")
    build = ("build", notes, "-o", index, *small, "--json")
    assert json.loads(run(*build).out)["documents"] == 3
    assert slow == ["a.md", "b.md", "c.md"]
    (notes / "b.md").write_text("# b\n\nThe mill stands still.", encoding="utf-8")
    (notes / "c.md").unlink()
    os.utime(notes / "a.md", (1, 1))  # a checkout: other dates, and the same contents
    changes = json.loads(run(*build).out)["changes"]
    assert changes == {"added": 0, "changed": 1, "removed": 1, "unchanged": 1}
    assert slow == ["a.md", "b.md", "c.md", "b.md"]
    (notes / "c.md").write_text("# c\n\nThe mill c turns.", encoding="utf-8")
    run(*build)
    assert slow[4:] == ["c.md"]  # what is gone is forgotten


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_what_was_read_can_be_lost(
    tmp_path: Path, slow: list[str], small: list[str], run: Run, damage: bytes
) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    notes.mkdir()
    (notes / "a.md").write_text("# a\n\nThe mill turns.", encoding="utf-8")
    build = ("build", notes, "-o", index, *small, "--json")
    run(*build)
    (index / "parsed.sqlite").write_bytes(damage)
    again = json.loads(run(*build).out)
    assert (again["documents"], again["changes"]["unchanged"]) == (1, 1)
    assert slow == ["a.md", "a.md"]


def write(path: Path, text: str = "A mill by the river.") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


NAMES = {
    "My  notes.txt": "My  notes.txt",
    " leading.txt": "%20leading.txt",
    "in/ side .d/ tab\tand line\nbreak.txt": "in/ side .d/ tab%09and line%0Abreak.txt",
    "100%.txt": "100%.txt",
    "50%20 off.txt": "50%2520 off.txt",
    "#1 [v2] (final).txt": "#1 [v2] (final).txt",
    "quote'and\"double.txt": "quote'and\"double.txt",
    "\N{PARTY POPPER} party.txt": "\N{PARTY POPPER} party.txt",
    "e\u0301te\u0301.txt": "\u00e9t\u00e9.txt",
    "caf\udce9.txt": "caf%E9.txt",
    "line\u2028separator.txt": "line%E2%80%A8separator.txt",
    "bell\x07.txt": "bell%07.txt",
}


def test_files_of_any_name_are_read(tmp_path: Path, small: list[str], run: Run) -> None:
    for number, name in enumerate(NAMES):
        write(tmp_path / "notes" / name, f"The mill {number} turns.")
    corpus = Corpus(tmp_path / "notes")
    found = {document.text: document for document in corpus}
    assert not corpus.skipped
    for number, id_ in enumerate(NAMES.values()):
        document = found[f"The mill {number} turns."]
        assert document.id == document.metadata["path"] == id_
        document.title.encode()
    assert {document.title for document in corpus} >= {"My notes", "caf\N{REPLACEMENT CHARACTER}"}
    assert run("build", tmp_path / "notes", "-o", tmp_path / "i", *small).code == 0
    assert run("search", tmp_path / "i", "mill", "--k", "20").code == 0


def test_names_that_differ_by_normalisation_alone_are_both_kept(tmp_path: Path) -> None:
    for name in ("\u00e9.txt", "e\u0301.txt", "\u00e9/a.txt", "e\u0301/a.txt"):
        write(tmp_path / name)
    ids = {document.id for document in Corpus(tmp_path)}
    assert ids == {"\u00e9.txt", "e%CC%81.txt", "\u00e9/a.txt", "e%CC%81/a.txt"}


def test_temporary_files_are_ignored(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    for name in ("~$a.docx", "a.txt~", "#a.txt#", ".#a.txt", ".a.txt.swp", ".~lock.a.odt#"):
        write(tmp_path / name)
    for name in ("a.swp", "Thumbs.db", "desktop.ini", ".DS_Store"):
        write(tmp_path / name)
    corpus = Corpus(tmp_path)
    assert [document.id for document in corpus] == ["a.txt"]
    assert corpus.skipped == {"hidden files": 4, "temporary files": 6}


def test_rows_of_files_in_a_folder_are_documents(tmp_path: Path) -> None:
    import openpyxl
    import pyarrow.parquet

    write(tmp_path / "notes" / "a.txt")
    write(tmp_path / "kunden.csv", "ID;Titel;Text;Umsatz\nK1;Mühle;Sie mahlt.;12,50\n")
    write(tmp_path / "rows.csv", "Nummer;Firma;Umsatz\n1;Müller;12.500,00\n2;Mai;\n2;Mai;\n")
    write(tmp_path / "lines.jsonl", '{"id": 7, "text": "A barn."}\nbroken\n"alone"\n')
    write(tmp_path / "array.json", '[{"text": "A lamp.", "n": 1}]')
    write(tmp_path / "config.json", '{\n  "port": 8080,\n  "tls": true\n}\n')
    write(tmp_path / "twice.csv", "a,a\n1,2\n")
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


def test_other_files_as_text(tmp_path: Path) -> None:
    for name in ("a.py", "b/Makefile", "c.rst", "d.log", "e.bin"):
        write(tmp_path / name, f"The {name} grinds.")
    write(tmp_path / "f.html", "<p>x")
    corpus = Corpus(tmp_path, CorpusSettings(as_text=("*.py", "Makefile", "*.html")))
    texts = {document.id: document.text for document in corpus}
    assert texts.keys() == {"a.py", "b/Makefile", "c.rst", "d.log", "f.html"}
    assert texts["f.html"] == "<p>x"
    assert corpus.skipped == {"files that no reader knows, .bin": 1}


@pytest.mark.parametrize("name", ["a.txt", "My  notes.md", "a.rst", "a.py"])
def test_one_file_is_a_corpus(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    (document,) = Corpus(tmp_path / name, CorpusSettings(as_text=("*.py",)))
    assert (document.id, document.text) == (name, "A mill by the river.")
    assert document.metadata["path"] == name


def test_what_is_skipped_is_stored_and_shown_when_it_changes(
    tmp_path: Path, small: list[str], run: Run
) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    write(notes / "a.txt", "A mill\x07 by the river.")
    write(notes / "b.png")
    build = ("build", notes, "-o", index, *small)
    first = run(*build).out
    assert "left out: 1" in first
    assert "read with a repair: 1" in first
    assert f"files that no reader knows, .png: {notes}/b.png" in first
    assert "as before: left out 1, read with a repair 1" in run(*build).out
    write(notes / "c.png")
    again = json.loads(run(*build, "--json").out)
    assert again["skipped_changed"]
    assert again["repaired"] == ["text: control characters"]
    assert again["skipped"]["files that no reader knows, .png"] == 2
    listed = json.loads(run("info", index, "--skipped", "--json").out)
    assert [(one["reason"], one["repaired"], one["count"]) for one in listed] == [
        ("files that no reader knows, .png", False, 2),
        ("text: control characters", True, 1),
    ]
    assert listed[0]["named"] == [f"{notes}/b.png", f"{notes}/c.png"]
    shown = run("info", index, "--skipped").out
    assert f"{notes}/c.png" in shown
    write(tmp_path / "more" / "d.png")
    write(tmp_path / "more" / "d.txt")
    run("index", "add", index, tmp_path / "more")
    listed = json.loads(run("info", index, "--skipped", "--json").out)
    assert {one["corpus"] for one in listed} == {str(notes), str(tmp_path / "more")}
    assert json.loads(run("info", index, "--json").out)["skipped"][0]["count"] == 2
