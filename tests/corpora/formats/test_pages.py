"""Files with pages: PDF, slides and books. A passage knows its page."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.core.documents import Document
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.corpora.formats import UnreadableError, epub, join_pages, office, pdf
from corpus_tuner.corpora.formats.archive import check_archive
from corpus_tuner.corpora.formats.pdf import format_pages, is_title
from corpus_tuner.indexes.search.snippets import locate_window
from tests.cli.conftest import Run
from tests.corpora.formats.pdf_files import write_pdf


def page_of(document: Document, sentence: str) -> int | None:
    found = locate_window(document, sentence)
    assert found is not None
    return found.page


def test_pages_of_a_pdf(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["", "The mill\nturns.", "", "Wheat is ground.", ""])
    corpus = Corpus(tmp_path)
    (document,) = corpus
    assert document.title == "a"
    assert document.text.split() == ["The", "mill", "turns.", "Wheat", "is", "ground."]
    assert page_of(document, "Wheat is ground.") == 4
    assert page_of(document, document.text[: document.text.index(".") + 1]) == 2
    assert corpus.skipped == {"pages without text": 1}
    assert str(corpus.examples["pages without text"]).endswith("a.pdf (pages 1, 3, 5)")


@given(st.lists(st.text("ab .\n\f"), max_size=6))
def test_the_page_of_any_text(pages: list[str]) -> None:
    text = join_pages([f"{page} word{number}" for number, page in enumerate(pages, 1)])
    document = Document("a", "A title", text)
    for number in range(1, len(pages) + 1):
        assert page_of(document, f"word{number}") == number
    assert (
        join_pages([page.replace("a", "").replace("b", "").replace(".", "") for page in pages])
        == ""
    )


def test_text_without_pages() -> None:
    assert page_of(Document("a", "", "The mill turns."), "turns.") is None


def test_plain_text_with_form_feeds_has_pages(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\f\nThe mill turns.\n\f\nWheat is ground.\n", encoding="utf-8")
    (document,) = Corpus(tmp_path)
    assert [page_of(document, one) for one in ("The mill turns.", "Wheat is ground.")] == [2, 3]


def test_the_words_that_a_line_end_parts(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["The water-\nwheel of the Nord-\nSüd canal."])
    assert pdf.read(tmp_path / "a.pdf").text == "The waterwheel of the Nord-Süd canal.\n\f"


def test_what_is_filled_into_a_form(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["Name of the mill:", "Second page."], value="Windy Hill")
    text = pdf.read(tmp_path / "a.pdf").text
    assert text == "Name of the mill:\nWindy Hill\n\fSecond page.\n\f"


def test_glyphs_without_a_meaning(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["\1\2\3"], unknown_glyphs=True)
    write_pdf(tmp_path / "b.pdf", ["Plain (cid:12\\) text."])
    for name in ("a.pdf", "b.pdf"):
        parsed = pdf.read(tmp_path / name)
        assert not {*map(ord, parsed.text)} & {*range(9), 0xFFFE, 0xFFFF}
        assert "(cid:" not in parsed.text


def test_a_pdf_with_a_password(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["Secret."], password=True)
    with pytest.raises(CorpusTunerError, match="encrypted, needs a password") as raised:
        list(Corpus(tmp_path / "a.pdf", CorpusSettings(on_bad_record="fail")))
    assert "damaged" not in str(raised.value)


def test_a_damaged_page_does_not_spoil_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    write_pdf(path, ["The mill turns.", "", "Wheat is ground."])
    path.write_bytes(path.read_bytes().replace(b"Kids[10 0 R 12 0 R", b"Kids[10 0 R 77 0 R"))
    parsed = pdf.read(path)
    assert parsed.text.split("\f") == ["The mill turns.\n", "\n", "Wheat is ground.\n", ""]
    assert parsed.notes == (("damaged pages", "page 2"),)


@pytest.mark.parametrize("suffix", [".docx", ".pptx"])
def test_an_office_file_with_a_password(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    )
    with pytest.raises(UnreadableError, match="password"):
        office.read(path)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Annual Report 2023", "Annual Report 2023"),
        ("  Der  Bericht ", "Der Bericht"),
        ("Documents of the mill", "Documents of the mill"),
        ("Microsoft Word - report_final.doc", "scan"),
        ("PowerPoint-Präsentation", "scan"),
        ("untitled", "scan"),
        ("Document1", "scan"),
        ("report.docx", "scan"),
        ("C:\\\\Users\\\\ann\\\\report", "scan"),
        ("2023-05", "scan"),
        ("SCAN", "scan"),
        ("", "scan"),
    ],
)
def test_the_title_of_a_pdf(tmp_path: Path, title: str, expected: str) -> None:
    write_pdf(tmp_path / "scan.pdf", ["The mill turns."], title=title)
    (document,) = Corpus(tmp_path)
    assert document.title == expected


def test_titles_that_are_not_names_of_files() -> None:
    assert is_title("Node.js at work", Path("a.pdf"))
    assert not is_title("a.PDF", Path("a.pdf"))


@given(st.sets(st.integers(1, 40), min_size=1).map(sorted))
def test_ranges_name_all_pages(numbers: list[int]) -> None:
    named: list[int] = []
    for part in format_pages(numbers).split(maxsplit=1)[1].split(", "):
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    assert named == numbers


def test_slides(tmp_path: Path) -> None:
    from pptx import Presentation

    made = Presentation()
    for title, text in (("", ""), ("The mill", "Wheat is ground."), ("The end", "Bread is baked.")):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    made.save(tmp_path / "talk.pptx")
    (document,) = Corpus(tmp_path)
    assert (document.title, page_of(document, "Wheat is ground.")) == ("The mill", 2)
    assert page_of(document, "Bread is baked.") == 3
    assert "# The end\nBread" in document.text


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
    assert [page_of(document, text) for text in ("The mill.", "It is öd.")] == [2, 4]
    assert "Chapter list" not in document.text
    assert corpus.skipped == {"chapters that are missing": 1}


def test_a_book_that_is_encrypted(tmp_path: Path) -> None:
    listed = "<encryption><CipherReference URI='{}'/></encryption>"
    write_book(tmp_path / "a.epub", ["<p>The mill."], listed.format("b/font.otf"))
    assert "The mill." in epub.read(tmp_path / "a.epub").text
    write_book(tmp_path / "a.epub", ["<p>The mill."], listed.format("b/text%200.xhtml"))
    with pytest.raises(UnreadableError, match="encrypted"):
        epub.read(tmp_path / "a.epub")


def test_what_is_no_archive_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK no")
    with pytest.raises(zipfile.BadZipFile):
        check_archive(tmp_path / "a.docx")


def test_notes_are_kept_with_what_was_read(tmp_path: Path, small: list[str], run: Run) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    notes.mkdir()
    write_pdf(notes / "a.pdf", ["The mill turns.", ""])
    (notes / "b.html").write_bytes("<p>Die Mühle".encode("cp1252"))
    build = ("build", notes, "-o", index, *small, "--json")
    first, second = (json.loads(run(*build).out) for _ in range(2))
    assert first["skipped"] == {"pages without text": 1, "not UTF-8: read as windows-1252": 1}
    assert second["skipped"] == first["skipped"]
    assert second["examples"] == first["examples"]


def test_a_search_shows_the_page(tmp_path: Path, small: list[str], run: Run) -> None:
    (tmp_path / "notes").mkdir()
    write_pdf(tmp_path / "notes" / "a.pdf", ["", "The mill grinds wheat."])
    run("build", tmp_path / "notes", "-o", tmp_path / "index", *small)
    search = ("search", tmp_path / "index", "wheat of the mill")
    (hit,) = json.loads(run(*search, "--json").out)["hits"]
    assert hit["passage"]["page"] == 2
    for options in ((), ("--explain",)):
        assert "a.pdf  page 2  " in run(*search, *options).out
        assert "\f" not in run(*search, *options).out


def test_an_encoding_that_is_none() -> None:
    with pytest.raises(ValueError, match="is no encoding"):
        CorpusSettings(encoding="base64")
