"""Word and PowerPoint."""

import zipfile
from pathlib import Path

import pytest

from corpus_tuner import Corpus
from corpus_tuner.corpora.formats import UnreadableError, office
from tests.corpora.formats.conftest import find_page, list_headings


@pytest.mark.parametrize("suffix", [".docx", ".pptx"])
def test_an_office_file_with_a_password(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    )
    with pytest.raises(UnreadableError, match="password"):
        office.read(path)


def test_slides(tmp_path: Path) -> None:
    from pptx import Presentation

    made = Presentation()
    for title, text in (("", ""), ("The mill", "Wheat is ground."), ("The end", "Bread is baked.")):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    made.save(tmp_path / "talk.pptx")
    (document,) = Corpus(tmp_path)
    assert (document.title, find_page(document, "Wheat is ground.")) == ("The mill", 2)
    assert find_page(document, "Bread is baked.") == 3
    assert "# The end\nBread" in document.text
    assert list_headings(document)[-1] == ("The end",)


def write_word_file(path: Path, paragraphs: list[tuple[str, str]]) -> None:
    """Write a Word file of paragraphs, each with its style and its text."""
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{style}"/></w:style>'
        for style in dict(paragraphs)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" '
        f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="b" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{w}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{w}">{styles}</w:styles>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def test_headings_of_a_word_file(tmp_path: Path) -> None:
    write_word_file(
        tmp_path / "mill.docx",
        [
            ("Title", "The mill"),
            ("Normal", "It grinds."),
            ("Heading 1", "Wheels"),
            ("Normal", "They turn."),
            ("Heading 2", "Of wood"),
            ("Normal", "They rot."),
        ],
    )
    (document,) = Corpus(tmp_path)
    assert document.title == "The mill"
    assert list_headings(document) == [(), ("Wheels",), ("Wheels", "Of wood")]
