"""EPUB: chapters in reading order."""

import zipfile
from pathlib import Path

import pytest

from corpus_tuner import Corpus
from corpus_tuner.corpora.formats import UnreadableError, epub
from tests.corpora.formats.conftest import find_page, list_headings


def write_book(path: Path, chapters: list[str], encryption: str = "") -> None:
    container = '<container><rootfiles><rootfile full-path="b/c.opf"/></rootfiles></container>'
    items = "".join(
        f'<item id="c{number}" href="text%20{number}.xhtml"/>' for number in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("META-INF/container.xml", container)
        book.writestr(
            "b/c.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            "<metadata><dc:title>Mills</dc:title><dc:creator>Ann</dc:creator>"
            f"<dc:creator>Bo</dc:creator><dc:language>en</dc:language></metadata><manifest>{items}"
            '<item id="toc" href="toc.xhtml" properties="nav"/><item id="gone" href="gone.xhtml"/>'
            f'</manifest><spine><itemref idref="toc"/>{spine}<itemref idref="gone"/></spine>'
            "</package>",
        )
        book.writestr("b/toc.xhtml", "<html><body><nav>Chapter list</nav></body></html>")
        for number, chapter in enumerate(chapters):
            book.writestr(
                f"b/text {number}.xhtml",
                f"<?xml version='1.0' encoding='utf-8'?><html><body>{chapter}</body></html>",
            )
        if encryption:
            book.writestr("META-INF/encryption.xml", encryption)


def test_chapters_of_a_book(tmp_path: Path) -> None:
    write_book(tmp_path / "a.epub", ["<h1>One</h1><p>The mill.</p>", "", "<p>It is <b>öd</b>.</p>"])
    corpus = Corpus(tmp_path)
    (document,) = corpus
    assert document.title == "Mills"
    assert document.metadata["authors"] == "Ann, Bo"
    assert document.metadata["language"] == "en"
    assert [find_page(document, text) for text in ("The mill.", "It is öd.")] == [2, 4]
    assert "Chapter list" not in document.text
    assert list_headings(document) == [("One",)]
    assert corpus.skipped == {"chapters that are missing": 1}


def test_a_book_that_is_encrypted(tmp_path: Path) -> None:
    listed = "<encryption><CipherReference URI='{}'/></encryption>"
    write_book(tmp_path / "a.epub", ["<p>The mill."], listed.format("b/font.otf"))
    assert "The mill." in epub.read(tmp_path / "a.epub").text
    write_book(tmp_path / "a.epub", ["<p>The mill."], listed.format("b/text%200.xhtml"))
    with pytest.raises(UnreadableError, match="encrypted"):
        epub.read(tmp_path / "a.epub")
