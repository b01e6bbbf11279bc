"""Word and PowerPoint."""

from pathlib import Path

import pytest

from corpus_tuner import Corpus
from corpus_tuner.corpora.formats import UnreadableError, office
from tests.corpora.formats.conftest import find_page


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
