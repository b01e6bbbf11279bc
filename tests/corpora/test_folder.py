"""Folders as people have them: many kinds of files, and much that is none."""

import os
import sys
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError, Document
from corpus_tuner.corpora import CorpusSettings, folder, record_files
from corpus_tuner.corpora.formats import list_suffixes, load_reader, markdown
from tests.corpora.conftest import write_file


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
    for module, found in ((record_files, list_suffixes), (folder, load_reader)):
        monkeypatch.setattr(module, found.__name__, cache(found.__wrapped__))
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
    monkeypatch.setattr(folder, "load_reader", load_reader.__wrapped__)
    with pytest.raises(CorpusTunerError, match=r"'exclude': \['\*\.pdf'\].*\[documents\]"):
        Corpus(tmp_path)
    assert [each.id for each in Corpus(tmp_path, CorpusSettings(exclude=("*.pdf",)))] == ["a.txt"]


def test_other_files_as_text(tmp_path: Path) -> None:
    for name in ("a.py", "b/Makefile", "c.rst", "d.log", "e.bin"):
        write_file(tmp_path / name, f"The {name} grinds.")
    write_file(tmp_path / "f.html", "<p>x")
    corpus = Corpus(tmp_path, CorpusSettings(as_text=("*.py", "Makefile", "*.html")))
    texts = {document.id: document.text for document in corpus}
    assert texts.keys() == {"a.py", "b/Makefile", "c.rst", "d.log", "f.html"}
    assert texts["f.html"] == "<p>x"
    assert corpus.skipped == {"files that no reader knows, .bin": 1}
